"""Jobs on an operator's pool: it is used, and never made, changed or deleted."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from controller.shares import divide
from shared.names import JobId
from shared.ports import NodeCounts, NodeError, ServiceError
from tests.contract.batch_ground import a_pool
from tests.fakes.batch import FakePool
from tests.loop.ground import Container, Ground
from tests.loop.test_sides import RECOMBINER, recombine

POOL = "night"
SHARED = """
version: 1
container: {image: "localhost/x:1"}
input: {range: {stop: 4}}
compute: {pool: night}
"""
REFERENCE = "reference: [{name: db, from: reference/db.txt}]\n"
IDLE = NodeCounts(idle=2, total=2)


def number(task: Container) -> int:
    task.write(f"{task.env['BATCHDROP_UNIT_START']}\n".encode())
    return 0


def operated(ground: Ground | None = None, nodes: NodeCounts = IDLE, slots: int = 2) -> Ground:
    """A deployment beside a pool that its operator made, and that manifests may use."""
    ground = ground or Ground()
    ground.policy = ground.policy.model_copy(update={"pools": (POOL,)})
    spec = a_pool(POOL, slots=slots, metadata=(("team", "night shift"),))
    ground.world.batch.pools[POOL] = FakePool(spec, ground.world.clock.now(), "theirs", nodes)
    return ground


def look(ground: Ground, after: timedelta = timedelta(minutes=1)) -> None:
    ground.world.clock.advance(after)
    ground.tick()
    ground.deliver()


def test_a_job_runs_on_a_shared_pool_and_leaves_it_as_it_was() -> None:
    """The result is there, what the job made is gone, and the receipt says whose the pool is."""
    ground = operated()
    ground.drop(SHARED)
    assert ground.status()["nodes"]["pool"] == POOL
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["complete"], status["cleanup"]) == (
        "succeeded",
        True,
        {"state": "done", "remaining": []},
    )
    assert ground.left() == []
    pool = ground.world.batch.pools[POOL]
    assert (pool.formula, pool.gone_at, pool.nodes) == ("theirs", None, IDLE)
    receipt = json.loads(ground.blob(f"results/{status['jobId']}/receipt.json"))
    assert [each["kind"] for each in receipt["deleted"]] == ["job", "container", "container"]
    assert [(each["kind"], each["id"]) for each in receipt["left"]] == [("pool", POOL)]


def test_a_cancelled_job_leaves_a_shared_pool_alone_too() -> None:
    """At any end."""
    ground = operated()
    ground.drop(SHARED)
    ground.drop(b"", "job.yaml.cancel")
    ground.settle(number)
    assert ground.status()["state"] == "cancelled"
    assert ground.world.batch.pools[POOL].gone_at is None
    assert ground.left() == []


def test_a_pool_that_is_not_there_fails_the_job_before_anything_is_made() -> None:
    """POOL_LOST, by the pool's name."""
    ground = operated()
    del ground.world.batch.pools[POOL]
    ground.drop(SHARED)
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", "POOL_LOST")
    assert POOL in status["failure"]["message"]
    assert ground.left() == []


def test_a_pool_without_container_configuration_fails_the_job_at_once() -> None:
    """No image could ever run there."""
    ground = operated()
    ground.world.batch.pools[POOL].containers = False
    ground.drop(SHARED)
    failure = ground.status()["failure"]
    assert failure["code"] == "NODE_UNUSABLE"
    assert "cannot run containers" in failure["message"]


def test_a_pool_without_the_deployments_identity_fails_the_job_at_once() -> None:
    """In identity mode its tasks could not read their input: said before anything is made, not task by task."""
    ground = operated()
    ground.world.batch.pools[POOL].opens = False
    ground.drop(SHARED)
    failure = ground.status()["failure"]
    assert failure["code"] == "NODE_UNUSABLE"
    assert "do not bear the identity" in failure["message"]


def test_a_shared_pool_that_is_deleted_under_a_job_ends_it() -> None:
    """Its tasks would wait for ever."""
    ground = operated()
    ground.drop(SHARED)
    ground.world.batch.delete_pool(POOL)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", "POOL_LOST")
    assert ground.left() == []


@pytest.mark.parametrize(
    ("nodes", "resize", "error", "code", "words"),
    [
        (NodeCounts(running=2, total=2), None, None, "CAPACITY", "hold the 4 task slots of pool night"),
        (NodeCounts(), None, None, "CAPACITY", "has no node"),
        (NodeCounts(), ServiceError("AccountCoreQuotaReached", "no cores"), None, "QUOTA_FULL", "no cores"),
        (NodeCounts(unusable=1, total=1), None, NodeError("n1", "unusable", "X", "lost"), "NODE_UNUSABLE", "n1"),
    ],
)
def test_what_keeps_a_shared_pool_from_a_job_is_told_and_waited_for(
    nodes: NodeCounts, resize: ServiceError | None, error: NodeError | None, code: str, words: str
) -> None:
    """Nothing of it fails the job: the operator may mend it, until limits.queueTimeout."""
    ground = operated(nodes=nodes)
    pool = ground.world.batch.pools[POOL]
    pool.resize_errors = (resize,) if resize else ()
    pool.node_errors = (error,) if error else ()
    ground.drop(SHARED)
    look(ground)
    look(ground, timedelta(hours=20))
    status = ground.status()
    (waiting,) = status["waiting"]
    assert (status["state"], waiting["code"]) == ("waiting", code)
    assert words in waiting["message"]
    assert waiting["givesUpAt"] is not None
    look(ground, timedelta(days=2))
    ground.settle(lambda _: 1)
    assert ground.status()["failure"]["code"] == "QUEUE_TIMEOUT"


def test_the_line_for_pools_does_not_hold_a_job_that_needs_none() -> None:
    """Where the account holds no more pools, a job on a shared one goes on; without room for a job it waits."""
    ground = operated()
    ground.world.batch.pool_quota = 1
    ground.drop(SHARED.replace("compute: {pool: night}", ""), "own.yaml")
    assert ground.status("own.yaml")["waiting"][0]["code"] == "QUOTA_FULL"
    ground.drop(SHARED)
    assert ground.status()["state"] == "accepted"
    ground.world.batch.job_quota = 1
    ground.drop(SHARED, "second.yaml")
    assert ground.status("second.yaml")["waiting"][0]["code"] == "QUOTA_FULL"
    ground.run_tasks(number)
    ground.world.batch.pool_quota = ground.world.batch.job_quota = None
    ground.settle(number)
    assert {ground.status(name)["state"] for name in ("job.yaml", "own.yaml", "second.yaml")} == {"succeeded"}


def test_a_spent_budget_holds_the_job_and_not_the_pool() -> None:
    """The node hours of a job are the part of the nodes that its tasks held."""
    ground = operated()
    ground.drop(SHARED + "limits: {maxNodeHours: 1}\n")
    (job,) = ground.open_jobs()
    ground.world.batch.start(2)
    ground.world.batch.set_nodes(POOL, NodeCounts(running=1, idle=1, total=2))
    for _ in range(61):
        look(ground)
    assert ground.status()["cost"]["nodeHours"] == pytest.approx(1, abs=0.05)
    assert ground.world.batch.jobs[job].held
    for _ in range(16):
        look(ground)
    ground.settle(number)
    assert ground.status()["failure"]["code"] == "BUDGET"
    assert ground.world.batch.pools[POOL].formula == "theirs"


def test_a_canary_on_a_shared_pool_is_one_task_and_no_formula() -> None:
    """The pool is as large as it is; the rest is added once the first has ended well."""
    ground = operated()
    ground.drop(SHARED + "canary: true\n")
    (job,) = ground.open_jobs()
    assert len(ground.world.batch.jobs[job].tasks) == 1
    ground.settle(number)
    assert ground.status()["complete"] is True
    assert ground.world.batch.pools[POOL].formula == "theirs"


def test_reference_data_is_taken_off_shared_nodes() -> None:
    """By the job's release task; nodes of a job's own pool go with all they hold."""
    ground = operated()
    ground.put("reference/db.txt", "x")
    ground.drop(SHARED + REFERENCE)
    ground.drop((SHARED + REFERENCE).replace("compute: {pool: night}", ""), "own.yaml")
    jobs = ground.world.batch.jobs
    releases = {name: jobs[ground.status(name)["jobId"]].spec.release for name in ("job.yaml", "own.yaml")}
    assert releases["own.yaml"] is None
    assert f"$AZ_BATCH_NODE_SHARED_DIR/{ground.status()['jobId']}" in str(releases["job.yaml"])


def test_a_dry_run_says_no_number_of_nodes_for_a_shared_pool() -> None:
    """They are the operator's."""
    ground = operated()
    ground.drop(SHARED + "dryRun: true\n")
    assert ground.status()["plan"] == {
        "tasks": 4,
        "units": 4,
        "unitKind": "numbers",
        "bytes": 0,
        "nodes": None,
        "readsWholeInput": False,
    }


def test_a_new_job_is_given_its_part_of_a_pool_that_another_one_fills() -> None:
    """The older job is limited to what the other does not need; alone again it has all of the pool."""
    ground = operated(slots=4)
    ground.drop(SHARED.replace("stop: 4", "stop: 100"), "big.yaml")
    batch, (big,) = ground.world.batch, ground.open_jobs()
    look(ground)
    assert batch.jobs[big].most is None
    ground.drop(SHARED, "small.yaml")
    small = ground.status("small.yaml")["jobId"]
    assert batch.jobs[small].most == 4, "half of eight slots, before the next tick"
    look(ground)
    assert (batch.jobs[big].most, batch.jobs[small].most) == (4, 4)
    ground.drop(SHARED.replace("stop: 4", "stop: 1"), "tiny.yaml")
    look(ground)
    tiny = ground.status("tiny.yaml")["jobId"]
    assert [batch.jobs[job].most for job in (big, small, tiny)] == [4, 3, 1]
    for job in (small, tiny):
        ground.world.control.put("batchdrop", f"intents/{job}/cancel", b"")
    for _ in range(4):
        look(ground)
    assert batch.jobs[big].most is None
    ground.settle(number)
    assert ground.status("big.yaml")["complete"] is True


@pytest.mark.parametrize(
    ("slots", "wanted", "limits"),
    [
        (8, {"a": 100}, {"a": None}),
        (8, {"a": 3, "b": 5}, {"a": None, "b": None}),
        (8, {"a": 100, "b": 100}, {"a": 4, "b": 4}),
        (8, {"a": 100, "b": 1, "c": 1}, {"a": 6, "b": 1, "c": 1}),
        (2, {"a": 9, "b": 9, "c": 9}, {"a": 1, "b": 1, "c": 1}),
        (7, {"a": 9, "b": 9}, {"a": 4, "b": 3}),
    ],
)
def test_slots_are_divided_by_need_and_equal_beyond_it(
    slots: int, wanted: dict[str, int], limits: dict[str, int | None]
) -> None:
    """Nobody gets more than he can use while another needs it, and nobody nothing."""
    found = divide(slots, [(JobId(job), tasks) for job, tasks in wanted.items()])
    assert found.limits == limits


def test_hundreds_of_small_jobs_are_not_behind_a_giant_one() -> None:
    """With more jobs than slots each has one, the giant too."""
    jobs = [(JobId("giant"), 1_000_000), *((JobId(f"j{n}"), 10) for n in range(300))]
    limits = divide(64, jobs).limits
    assert set(limits.values()) == {1}


def test_a_recombiner_has_a_node_of_its_own_beside_a_shared_pool() -> None:
    """Its pool is made for it, and deleted; the shared one is not touched."""
    ground = operated()
    own = RECOMBINER.replace("    command: [python", "    vmSize: Standard_D2s_v5\n    command: [python")
    ground.drop(own + "compute: {pool: night}\n")
    ground.settle(recombine)
    status = ground.status()
    assert (status["state"], status["problems"]) == ("succeeded", [])
    assert ground.left() == []
    assert ground.world.batch.pools[POOL].gone_at is None


def test_a_limit_that_was_set_by_a_pass_that_died_does_not_stay() -> None:
    """The job was made and not noted; by the time it is made again there is more room."""
    ground = operated(slots=4)
    ground.drop(SHARED.replace("stop: 4", "stop: 100"), "big.yaml")
    look(ground)
    ground.world.batch.fail_next("create_job", KeyError("gone"), after=True)
    ground.drop(SHARED, "small.yaml")
    small = ground.status("small.yaml")["jobId"]
    assert ground.world.batch.jobs[small].most == 4
    ground.world.control.put("batchdrop", f"intents/{ground.status('big.yaml')['jobId']}/cancel", b"")
    for _ in range(4):
        look(ground)
    assert ground.world.batch.jobs[small].most is None
