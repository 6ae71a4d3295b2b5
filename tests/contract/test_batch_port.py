"""What the Batch account promises, in memory and over the wire, there by keys and by identity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.errors import Defect, Refused, Transient, Vanished
from shared.names import EXPIRES_KEY, OWNER_KEY
from shared.ports import BatchPort, TaskCounts
from tests.contract.batch_ground import Ground, MemoryGround, a_job, a_pool, a_preparation, a_task, wire_ground
from tests.fakes.tasks import TaskEnd

GONE = timedelta(minutes=5)


WIRE = [pytest.param(mode, marks=pytest.mark.stack) for mode in ("keys", "identity")]


@pytest.fixture(params=["memory", *WIRE])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    if request.param == "memory":
        yield MemoryGround()
        return
    certificate = request.getfixturevalue("trusted") if request.param == "identity" else None
    with wire_ground(tmp_path, certificate) as wire:
        yield wire


@pytest.fixture
def batch(ground: Ground) -> BatchPort:
    return ground.batch


def with_job(ground: Ground, tasks: int) -> BatchPort:
    """Pool `bd-a`, its nodes up, job `bd-a`, and so many tasks in it."""
    ground.batch.create_pool(a_pool("bd-a"))
    ground.pass_time(timedelta(seconds=10))
    ground.batch.create_job(a_job("bd-a", "bd-a"))
    ground.batch.add_tasks("bd-a", [a_task(number) for number in range(tasks)])
    return ground.batch


def test_absent_things_are_none(batch: BatchPort) -> None:
    """What is not there is None or empty, and deleting it is success."""
    assert batch.pool("bd-none") is None
    assert batch.job("bd-none") is None
    assert batch.node_errors("bd-none") == ()
    assert batch.preparation_errors("bd-none") == ()
    assert batch.node_counts("bd-none").total == 0
    batch.delete_pool("bd-none")
    batch.delete_job("bd-none")
    batch.terminate_job("bd-none", "over")


def test_pool_is_made_once(batch: BatchPort) -> None:
    """A second create finds the first; the pool shows our metadata."""
    batch.create_pool(a_pool("bd-a"))
    batch.create_pool(a_pool("bd-a"))
    seen = batch.pool("bd-a")
    assert seen is not None
    assert (seen.id, seen.state, seen.metadata["batchdrop_job"]) == ("bd-a", "active", "bd-a")
    assert [each.id for each in batch.owned_pools()] == ["bd-a"]


def test_pool_is_gone_only_after_a_while(ground: Ground) -> None:
    """A deletion is asked for, also twice; until the 404 the pool is `deleting` and its name is not free."""
    batch = ground.batch
    batch.create_pool(a_pool("bd-a"))
    ground.pass_time(timedelta(seconds=10))
    batch.delete_pool("bd-a")
    batch.delete_pool("bd-a")
    seen = batch.pool("bd-a")
    assert seen is not None
    assert seen.state == "deleting"
    with pytest.raises(Transient):
        batch.create_pool(a_pool("bd-a"))
    ground.pass_time(GONE)
    assert batch.pool("bd-a") is None
    batch.create_pool(a_pool("bd-a"))


def test_nodes_are_counted(ground: Ground) -> None:
    """The nodes that the formula asks for come up idle."""
    ground.batch.create_pool(a_pool("bd-a"))
    ground.pass_time(timedelta(seconds=10))
    counts = ground.batch.node_counts("bd-a")
    assert (counts.idle, counts.total, counts.spot, counts.preempted) == (1, 1, 0, 0)
    assert ground.batch.node_errors("bd-a") == ()


def test_formula_is_replaced_at_most_every_30_seconds(ground: Ground) -> None:
    """A new formula can be set; a second one too soon is Transient; a pool that is not there is Vanished."""
    batch = ground.batch
    batch.create_pool(a_pool("bd-a"))
    ground.pass_time(timedelta(seconds=60))
    batch.autoscale("bd-a", "$TargetDedicatedNodes = 0;")
    with pytest.raises(Transient):
        batch.autoscale("bd-a", "$TargetDedicatedNodes = 1;")
    ground.pass_time(timedelta(seconds=31))
    batch.autoscale("bd-a", "$TargetDedicatedNodes = 1;")
    with pytest.raises(Vanished):
        batch.autoscale("bd-none", "$TargetDedicatedNodes = 1;")


def test_a_node_that_could_not_fetch_its_files_is_reimaged_and_prepared_anew(ground: Ground) -> None:
    """Until then it takes no task of the job; on its way it counts as starting, and is not reimaged again."""
    batch = ground.batch
    batch.create_pool(a_pool("bd-a"))
    ground.pass_time(timedelta(seconds=10))
    batch.create_job(a_job("bd-a", "bd-a", preparation=a_preparation()))
    batch.add_tasks("bd-a", [a_task(0)])
    ground.unprepare("bd-a")
    ground.run()
    (error,) = batch.preparation_errors("bd-a")
    assert (error.code, error.category, error.exit_code) == ("BlobDownloadMiscError", "servererror", None)
    assert error.ended is not None
    assert batch.task_counts("bd-a") == TaskCounts(active=1)
    assert batch.reimage_node("bd-a", error.node)
    assert (batch.node_counts("bd-a").starting, batch.preparation_errors("bd-a")) == (1, ())
    assert not batch.reimage_node("bd-a", error.node)
    ground.pass_time(timedelta(minutes=3))
    assert batch.node_counts("bd-a").starting == 0
    ground.run()
    assert batch.task_counts("bd-a").succeeded == 1
    assert batch.preparation_errors("bd-a") == ()


def test_a_node_that_is_gone_is_not_reimaged(batch: BatchPort) -> None:
    """It is no error, as with all that is gone."""
    assert not batch.reimage_node("bd-none", "node-1")
    batch.create_pool(a_pool("bd-a"))
    assert not batch.reimage_node("bd-a", "tvm-none")


def test_job_is_made_once_and_may_wait_for_its_pool(batch: BatchPort) -> None:
    """A second create finds the first; a job can be made before its pool."""
    for _ in range(2):
        batch.create_job(a_job("bd-a", "bd-a", preparation=a_preparation()))
    seen = batch.job("bd-a")
    assert seen is not None
    assert (seen.state, seen.ended_because, seen.metadata["batchdrop_job"]) == ("active", None, "bd-a")
    (owned,) = batch.owned_jobs()
    assert (owned.id, owned.state, owned.created.tzinfo is not None) == ("bd-a", "active", True)


def test_marks_are_replaced(ground: Ground) -> None:
    """Pool and job show the new metadata; for what is gone, or on its way, there is nothing to do."""
    batch = with_job(ground, 1)
    marks = {OWNER_KEY: "0123456789abcdef", EXPIRES_KEY: "2031-01-01T00:00:00Z"}
    batch.mark_pool("bd-a", marks)
    batch.mark_job("bd-a", marks)
    assert [dict(each.metadata) for each in (*batch.owned_pools(), *batch.owned_jobs())] == [marks, marks]
    batch.delete_job("bd-a")
    batch.delete_pool("bd-a")
    for name in ("bd-a", "bd-none"):
        batch.mark_pool(name, marks)
        batch.mark_job(name, marks)
    ground.pass_time(GONE)
    batch.mark_pool("bd-a", marks)
    assert batch.pool("bd-a") is None


def test_things_without_our_metadata_are_not_owned(batch: BatchPort) -> None:
    """Pools and jobs of others are not listed, whatever their names are."""
    batch.create_pool(a_pool("bd-foreign", metadata=(("team", "x"),)))
    batch.create_job(a_job("bd-foreign", "bd-foreign", metadata=()))
    assert list(batch.owned_pools()) == []
    assert list(batch.owned_jobs()) == []


def test_job_that_nobody_ends_goes_on(ground: Ground) -> None:
    """A job whose tasks have all ended stays active: only the controller ends it."""
    batch = with_job(ground, 2)
    ground.run()
    seen = batch.job("bd-a")
    assert seen is not None
    assert seen.state == "active"


def test_job_is_terminated_with_its_reason(ground: Ground) -> None:
    """Terminating twice is success; the reason is kept; no task can be added afterwards."""
    batch = with_job(ground, 1)
    batch.terminate_job("bd-a", "verdict")
    ground.pass_time(timedelta(minutes=1))
    batch.terminate_job("bd-a", "again")
    seen = batch.job("bd-a")
    assert seen is not None
    assert (seen.state, seen.ended_because) == ("completed", "verdict")
    with pytest.raises(Refused) as refused:
        batch.add_tasks("bd-a", [a_task(9)])
    assert refused.value.code == "JobCompleted"


def test_job_ends_by_its_own_clock(ground: Ground) -> None:
    """When the controller is away, the job's wall clock ends it, and says so."""
    ground.batch.create_job(a_job("bd-a", "bd-a", max_wall_clock=timedelta(minutes=10)))
    ground.pass_time(timedelta(minutes=15))
    seen = ground.batch.job("bd-a")
    assert seen is not None
    assert (seen.state, seen.ended_because) == ("completed", "MaxWallClockTimeExpiry")


def test_job_is_gone_only_after_a_while(ground: Ground) -> None:
    """A job's deletion is asked for, also twice; it is proved by the 404."""
    batch = with_job(ground, 1)
    batch.delete_job("bd-a")
    batch.delete_job("bd-a")
    with pytest.raises(Transient):
        batch.create_job(a_job("bd-a", "bd-a"))
    ground.pass_time(GONE)
    assert batch.job("bd-a") is None
    with pytest.raises(Vanished):
        batch.task_counts("bd-a")
    with pytest.raises(Vanished):
        batch.add_tasks("bd-a", [a_task(1)])
    with pytest.raises(Vanished):
        list(batch.unfinished("bd-a"))


def test_tasks_are_added_once(ground: Ground) -> None:
    """Adding tasks again, with others among them, adds only the others; the first keep what they have done."""
    batch = with_job(ground, 3)
    ground.run()
    batch.add_tasks("bd-a", [a_task(number) for number in range(5)])
    batch.add_tasks("bd-a", [])
    assert sorted(batch.unfinished("bd-a")) == ["t-000003", "t-000004"]
    ground.run()
    assert list(batch.unfinished("bd-a")) == []
    assert batch.task_counts("bd-a") == TaskCounts(0, 0, 5, 5, 0)


def test_no_more_than_100_tasks_at_once(ground: Ground) -> None:
    """More than the service takes is our own mistake."""
    batch = with_job(ground, 100)
    with pytest.raises(Defect):
        batch.add_tasks("bd-a", [a_task(number) for number in range(101)])
    assert len(list(batch.unfinished("bd-a"))) == 100


def test_failed_tasks_tell_why(ground: Ground) -> None:
    """A nonzero exit is repeated as often as allowed, then shown with code, runs and node; successes are not shown."""
    ground.ends["t-000001"] = TaskEnd(3)
    batch = with_job(ground, 3)
    ground.run()
    (failed,) = batch.failed("bd-a")
    assert (failed.id, failed.exit_code, failed.category) == ("t-000001", 3, "usererror")
    assert failed.code == "FailureExitCode"
    assert failed.runs == 4
    assert failed.node
    assert failed.message
    assert batch.task_counts("bd-a").failed == 1


def test_running_tasks_tell_their_node_and_their_start(ground: Ground) -> None:
    """Only those that run, no more than asked for; a pool without spot nodes has none that was taken back."""
    batch = with_job(ground, 3)
    assert batch.running("bd-a", 10) == ()
    ground.at_once()
    running = batch.running("bd-a", 10)
    assert [task.id for task in running] == ["t-000000", "t-000001", "t-000002"]
    assert all(task.node and task.started.tzinfo is not None for task in running)
    assert len(batch.running("bd-a", 2)) == 2
    assert batch.preempted("bd-a") == batch.preempted("bd-none") == frozenset()


def test_repeats_are_told_of_each_task_that_had_any(ground: Ground) -> None:
    """A nonzero exit is repeated by the service, as often as allowed; who ended well at once is not listed."""
    ground.ends["t-000001"] = TaskEnd(3)
    batch = with_job(ground, 3)
    assert list(batch.retries("bd-a")) == []
    ground.run()
    assert list(batch.retries("bd-a")) == [3]


def test_platform_failures_are_not_repeated(ground: Ground) -> None:
    """A failure of the platform has no exit code and one run."""
    ground.ends["t-000000"] = TaskEnd(None, "servererror", "DiskFull", "no room")
    batch = with_job(ground, 1)
    ground.run()
    (failed,) = batch.failed("bd-a")
    assert (failed.exit_code, failed.category, failed.code, failed.runs) == (None, "servererror", "DiskFull", 1)
    assert "no room" in failed.message


def test_many_failed_tasks_come_in_order(ground: Ground) -> None:
    """Failed tasks are listed by id over page boundaries."""
    ground.ends.update({f"t-{number:06d}": TaskEnd(1) for number in range(0, 230, 2)})
    batch = with_job(ground, 0)
    for first in (0, 100, 200):
        more = [a_task(number, max_retries=0) for number in range(first, min(first + 100, 230))]
        batch.add_tasks("bd-a", more)
    for _ in range(20):
        ground.run()
    assert [each.id for each in batch.failed("bd-a")] == [f"t-{number:06d}" for number in range(0, 230, 2)]


def test_failed_task_runs_again_when_reactivated(ground: Ground) -> None:
    """Reactivating is safe to repeat: while it waits, and after it has succeeded; runs are counted anew."""
    ground.ends["t-000000"] = TaskEnd(1)
    batch = with_job(ground, 1)
    ground.run()
    for _ in range(2):
        batch.reactivate("bd-a", "t-000000")
    assert list(batch.unfinished("bd-a")) == ["t-000000"]
    assert list(batch.failed("bd-a")) == []
    ground.run()
    (failed,) = batch.failed("bd-a")
    assert failed.runs == 4
    batch.reactivate("bd-a", "t-000000")
    ground.ends.clear()
    ground.run()
    batch.reactivate("bd-a", "t-000000")
    assert list(batch.unfinished("bd-a")) == []
    assert batch.task_counts("bd-a").succeeded == 1


def test_reactivating_what_is_not_there(ground: Ground) -> None:
    """A task that was never added is Vanished; in an ended job nothing runs again."""
    ground.ends["t-000000"] = TaskEnd(1)
    batch = with_job(ground, 1)
    ground.run()
    with pytest.raises(Vanished):
        batch.reactivate("bd-a", "t-000099")
    batch.terminate_job("bd-a", "verdict")
    ground.pass_time(timedelta(minutes=1))
    with pytest.raises(Refused) as refused:
        batch.reactivate("bd-a", "t-000000")
    assert refused.value.code == "JobCompleted"


def test_waiting_tasks_of_an_ended_job_stay_unfinished(ground: Ground) -> None:
    """Terminating a job does not complete what never ran."""
    ground.batch.create_job(a_job("bd-a", "bd-none"))
    ground.batch.add_tasks("bd-a", [a_task(0)])
    ground.run()
    ground.batch.terminate_job("bd-a", "verdict")
    ground.pass_time(timedelta(minutes=1))
    assert list(ground.batch.unfinished("bd-a")) == ["t-000000"]


def test_a_limited_job_runs_so_many_tasks_at_once(ground: Ground) -> None:
    """From its creation, and changed later; without a limit all run. The limit of an ended job cannot be changed."""
    batch = with_job(ground, 0)
    batch.create_job(a_job("bd-b", "bd-a", most_tasks=1))
    batch.add_tasks("bd-b", [a_task(number) for number in range(4)])
    assert ground.at_once() == 1
    batch.limit_tasks("bd-b", 2)
    assert ground.at_once() == 2
    batch.limit_tasks("bd-b", None)
    assert ground.at_once() == 4
    batch.terminate_job("bd-b", "verdict")
    ground.pass_time(timedelta(minutes=1))
    with pytest.raises(Refused):
        batch.limit_tasks("bd-b", 1)


def test_a_held_job_begins_no_task(ground: Ground) -> None:
    """Holding it twice is success; it can still be ended."""
    batch = with_job(ground, 2)
    batch.hold_job("bd-a")
    ground.run()
    batch.hold_job("bd-a")
    ground.run()
    assert sorted(batch.unfinished("bd-a")) == ["t-000000", "t-000001"]
    batch.terminate_job("bd-a", "verdict")
    ground.pass_time(timedelta(minutes=1))
    seen = batch.job("bd-a")
    assert seen is not None
    assert seen.state == "completed"


def test_a_pool_shows_its_slots_and_that_it_runs_containers(batch: BatchPort) -> None:
    """What a shared pool is judged by."""
    batch.create_pool(a_pool("bd-a", slots=3))
    seen = batch.pool("bd-a")
    assert seen is not None
    assert (seen.slots, seen.containers) == (3, True)


def test_all_pools_and_open_jobs_of_the_account_are_counted(ground: Ground) -> None:
    """Whoever made them: they all count against its quotas."""
    batch = with_job(ground, 0)
    batch.create_pool(a_pool("theirs", metadata=(), vm_size="Standard_F8s_v2"))
    batch.create_job(a_job("theirs", "theirs", metadata=()))
    ground.pass_time(timedelta(seconds=10))
    in_use = batch.in_use()
    sizes = [("Standard_D2s_v3", 1, 0), ("Standard_F8s_v2", 1, 0)]
    assert sorted((pool.vm_size, pool.dedicated, pool.spot) for pool in in_use.pools) == sizes
    assert in_use.jobs == 2
    batch.terminate_job("theirs", "over")
    ground.pass_time(timedelta(minutes=1))
    assert batch.in_use().jobs == 1


def test_some_image_runs_containers(batch: BatchPort) -> None:
    """Among the supported images is a verified one for containers, with the node agent that belongs to it."""
    usable = [image for image in batch.images() if "DockerCompatible" in image.capabilities and image.verified]
    assert usable
    assert all(image.node_agent.startswith("batch.node.") for image in usable)


def test_the_service_tells_its_time(ground: Ground) -> None:
    """It goes on as the service's does, whatever this machine's clock says."""
    before = ground.batch.service_time()
    ground.pass_time(timedelta(hours=30))
    passed = ground.batch.service_time() - before
    assert timedelta(hours=30) - timedelta(minutes=1) < passed < timedelta(hours=31)
    assert before.tzinfo is not None
