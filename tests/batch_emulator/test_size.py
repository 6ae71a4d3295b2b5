"""A job of 100,000 tasks stays quick to fill, count, list, schedule and delete."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from azure.batch import models

from tests.batch_emulator.ground import Ground

TASKS = 100_000


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer, in processor time: other programs may be busy beside it."""
    start = time.process_time()
    yield
    took = time.process_time() - start
    assert took < seconds, f"took {took:.2f} s"


def fill(ground: Ground) -> None:
    """Put the tasks into the job in process: the wire is measured elsewhere."""
    from local.batch_emulator.lifecycle import admit
    from local.batch_emulator.state import Task

    account, now = ground.emulator.world.account, ground.emulator.world.now()
    job = account.job("j")
    for number in range(TASKS):
        name = f"t{number:06}"
        body = {"id": name, "commandLine": "x"}
        admit(job, Task(name, job.tasks_made + 1, body, now, account.new_etag(), now, job_id="j"))


def test_a_large_job(ground: Ground) -> None:
    """Counts, pages and scheduling take no longer than their own size asks for."""
    ground.programs.default = None
    ground.pool(nodes=10, taskSlotsPerNode=8)
    ground.job()
    fill(ground)
    with within(1.5):
        ground.emulator.tick()
    with within(0.5):
        counts = ground.client.get_job_task_counts("j").task_counts
    assert (counts.active, counts.running) == (TASKS - 80, 80)
    with within(1.5):
        page = next(ground.client.list_tasks("j", max_results=100).by_page())
        assert len(list(page)) == 100
    with within(1.5):
        group = {"value": [{"id": f"n{number}", "commandLine": "x"} for number in range(100)]}
        ground.client.create_task_collection("j", models.BatchTaskGroup(group))
    with within(4):
        assert list(ground.client.list_tasks("j", filter="state eq 'completed'")) == []
    with within(3):
        ground.client._terminate_job_internal("j", {"terminateReason": "x"})
        ground.advance(1)
    assert ground.client.get_job("j").state == "completed"
    with within(3):
        ground.client._delete_job_internal("j")
        ground.advance(2)
