"""Why it waits, why it failed: what the service shows, in the words a person reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from controller import store
from shared.errors import Refused
from shared.names import JobId
from shared.policy import VmSize
from shared.ports import NodeCounts, NodeError, ServiceError
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

NONE = NodeCounts()


def started(nodes: NodeCounts, *errors: NodeError, resize: ServiceError | None = None) -> Ground:
    """A job whose pool is there, in that state."""
    ground = Ground()
    ground.world.batch.first_nodes = nodes
    ground.drop(RANGE)
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    pool.node_errors = errors
    pool.resize_errors = (resize,) if resize else ()
    ground.world.clock.advance(timedelta(seconds=5))
    ground.tick()
    ground.deliver()
    return ground


def why(ground: Ground) -> tuple[str, list[str], dict[str, Any] | None]:
    status = ground.status()
    return status["state"], [w["code"] for w in status["waiting"]], status["failure"]


@pytest.mark.parametrize(
    ("code", "told"), [("AccountCoreQuotaReached", "QUOTA_FULL"), ("AllocationTimedout", "CAPACITY")]
)
def test_a_pool_without_nodes_says_why_and_waits(code: str, told: str) -> None:
    """No quota or no capacity is waited for, with the service's word as evidence; then the job runs."""
    ground = started(NONE, resize=ServiceError(code, "no room"))
    state, waiting, failure = why(ground)
    assert (state, waiting, failure) == ("waiting", [told], None)
    assert ground.status()["waiting"][0]["evidence"]["resizeError"] == code
    (job,) = ground.open_jobs()
    ground.world.batch.pools[job].resize_errors = ()
    ground.world.batch.set_nodes(job, NodeCounts(idle=1, total=1))
    ground.settle(number)
    assert why(ground) == ("succeeded", [], None)


def minutes_pass(ground: Ground, times: int = 3) -> None:
    for _ in range(times):
        ground.world.clock.advance(timedelta(minutes=2))
        ground.tick()
        ground.deliver()


def test_a_job_that_waits_for_room_for_jobs_pays_for_no_node() -> None:
    """The account holds no more jobs: no pool is made before there is room; then the job runs."""
    ground = Ground()
    ground.world.batch.job_quota = 0
    ground.drop(RANGE)
    minutes_pass(ground)
    assert why(ground) == ("waiting", ["QUOTA_FULL"], None)
    assert ground.world.batch.calls["create_pool"] == 0
    ground.world.batch.job_quota = None
    ground.settle(number)
    assert why(ground) == ("succeeded", [], None)
    assert ground.status()["cost"]["nodeHours"] < 0.2


def test_a_job_that_waits_for_room_for_pools_holds_no_batch_job() -> None:
    """The account holds no more pools: the Batch job that was made before is given back, and made again later."""
    ground = Ground()
    batch = ground.world.batch
    batch.pool_quota = 0
    ground.drop(RANGE)
    minutes_pass(ground)
    assert why(ground) == ("waiting", ["QUOTA_FULL"], None)
    assert {job.state for job in batch.owned_jobs()} <= {"deleting"}
    assert batch.calls["create_job"] >= 1
    batch.pool_quota = None
    ground.settle(number)
    assert why(ground) == ("succeeded", [], None)
    assert ground.left() == []


def test_a_batch_job_that_cannot_be_given_back_is_taken_up_again() -> None:
    """Nobody loses anything by it: it has no tasks, and goes with the job."""
    ground = Ground()
    batch = ground.world.batch
    batch.pool_quota = 0
    batch.fail_next("delete_job", Refused("InternalError", 500, "not now"))
    ground.drop(RANGE)
    assert [job.id for job in batch.owned_jobs()] == ground.open_jobs()
    batch.pool_quota = None
    ground.settle(number)
    assert why(ground) == ("succeeded", [], None)
    assert ground.left() == []


def test_a_job_of_an_older_version_keeps_the_pool_that_it_has() -> None:
    """Its pool was made before its Batch job: where the account holds no more jobs, it is not taken for lost."""
    ground = Ground()
    ground.drop(RANGE)
    (job,) = ground.open_jobs()
    loaded = store.load(ground.world.control, JobId(job))
    assert loaded is not None
    ground.world.batch.delete_job(job)
    ground.world.clock.advance(timedelta(minutes=1))
    store.save(ground.world.control, loaded, loaded.record.model_copy(update={"batch_job": None, "added": 0}))
    ground.world.batch.job_quota = 0
    minutes_pass(ground)
    assert why(ground) == ("waiting", ["QUOTA_FULL"], None)
    ground.world.batch.job_quota = None
    ground.settle(number)
    assert why(ground) == ("succeeded", [], None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NodeError("n1", "unusable", "ContainerInvalidImage", "manifest unknown"), "IMAGE_PULL"),
        (NodeError("n1", "unusable", "ContainerInvalidRegistry", "unauthorized"), "REGISTRY_AUTH"),
        (NodeError("n1", "unusable", "MountConfigurationError", "cannot mount"), "MOUNT"),
        (NodeError("n1", "starttaskfailed", "StartTaskFailure", "exit 1"), "START_TASK"),
    ],
)
def test_a_pool_that_can_never_work_fails_the_job_and_says_so(error: NodeError, told: str) -> None:
    """In minutes, naming node and cause; nothing is left."""
    counts = NodeCounts(unusable=1, total=1)
    ground = started(counts, error)
    ground.settle(number)
    state, _, failure = why(ground)
    assert failure is not None
    assert (state, failure["code"]) == ("failed", told)
    assert "n1" in failure["message"]
    assert ground.left() == []


def test_unusable_nodes_are_given_a_quarter_of_an_hour() -> None:
    """Lost contact may mend itself; if it does not, the job fails as NODE_UNUSABLE."""
    ground = started(NodeCounts(unusable=1, total=1), NodeError("n1", "unusable", "", "lost contact"))
    assert why(ground)[1] == ["NODE_UNUSABLE"]
    for _ in range(4):
        ground.world.clock.advance(timedelta(minutes=5))
        ground.tick()
        ground.deliver()
    failure = why(ground)[2]
    assert failure is not None
    assert failure["code"] == "NODE_UNUSABLE"


def test_a_node_of_no_use_beside_others_is_a_warning_and_no_reason_to_wait() -> None:
    """Named with its error and, where the policy has prices, with its cost; gone once the node is fine again."""
    ground = Ground()
    price = VmSize(cores=2, price=1.0, spot_price=0.25)
    ground.policy = ground.policy.model_copy(update={"vm_sizes": {"Standard_D2s_v5": price}, "currency": "USD"})
    ground.world.batch.first_nodes = NodeCounts(running=2, unusable=2, spot=4, total=4)
    ground.drop(RANGE)
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    pool.node_errors = (NodeError("n3", "unusable", "DiskFull", "no space"), NodeError("n4", "unusable", "", "lost"))
    ground.world.batch.start(2)
    minutes_pass(ground)
    assert why(ground) == ("running", [], None)
    (warning,) = ground.status()["warnings"]
    assert warning["code"] == "NODE_UNUSABLE"
    assert "2 of 4 nodes are of no use" in warning["message"]
    assert "Node n3 is unusable: DiskFull: no space" in warning["message"]
    assert "(0.50 USD an hour)" in warning["message"]
    pool.node_errors = ()
    ground.world.batch.set_nodes(job, NodeCounts(running=4, spot=4, total=4))
    minutes_pass(ground)
    assert ground.status()["warnings"] == []


def test_what_is_told_as_a_wait_is_no_warning_besides() -> None:
    """All nodes are of no use: the job waits for that, and nothing is said twice."""
    ground = started(NodeCounts(unusable=1, total=1), NodeError("n1", "unusable", "", "lost contact"))
    assert (why(ground)[1], ground.status()["warnings"]) == (["NODE_UNUSABLE"], [])


def test_idle_nodes_beside_waiting_tasks_are_told_as_stuck() -> None:
    """After ten minutes without any movement."""
    ground = started(NodeCounts(idle=1, total=1))
    for _ in range(12):
        ground.world.clock.advance(timedelta(minutes=1))
        ground.tick()
    assert why(ground)[1] == ["STUCK"]
    ground.settle(number)
    assert why(ground)[0] == "succeeded"
