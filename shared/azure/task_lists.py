"""The tasks of a job, listed by what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from shared.azure import batch_views as views
from shared.azure.batch_door import BatchDoor
from shared.errors import Refused
from shared.ports import FailedTask, RunningTask

if TYPE_CHECKING:
    from azure.batch import models

PAGE = 1000
"""The most that the service gives at once."""
BAD_REQUEST = 400
_TASK = ["id", "state", "executionInfo", "nodeInfo"]


def unfinished(door: BatchDoor, job_id: str) -> Iterator[str]:
    asked, select = "state ne 'completed'", ["id", "state"]
    for task in _sorted_out(door, job_id, asked, select, lambda task: views.word(task.state) != "completed", None):
        yield task.id or ""


def failed(door: BatchDoor, job_id: str) -> Iterator[FailedTask]:
    asked = "executionInfo/result eq 'failure'"
    for task in _sorted_out(door, job_id, asked, _TASK, views.has_failed, PAGE):
        yield views.failed_task(task)


def running(door: BatchDoor, job_id: str, most: int) -> tuple[RunningTask, ...]:
    """A list that the service does not cut down is not read: it may be of a million tasks."""
    listed = _listed(door, job_id, "state eq 'running'", _TASK, PAGE)
    try:
        seen = (views.running_task(task) for task in islice(listed, most))
        return tuple(task for task in seen if task is not None)
    except Refused as error:
        if error.status != BAD_REQUEST:
            raise
        return ()


def retries(door: BatchDoor, job_id: str) -> Iterator[int]:
    try:
        for task in _listed(door, job_id, "executionInfo/retryCount gt 0", ["id", "executionInfo"], PAGE):
            yield (task.execution_info.retry_count or 0) if task.execution_info else 0
    except Refused as error:
        if error.status != BAD_REQUEST:
            raise
        yield from (task.runs - 1 for task in failed(door, job_id))


def _sorted_out(
    door: BatchDoor,
    job_id: str,
    asked: str,
    select: list[str],
    wanted: Callable[[models.BatchTask], bool],
    page: int | None,
) -> Iterator[models.BatchTask]:
    """What a filter may name is not published: where it is refused, all are read and sorted out here."""
    try:
        yield from filter(wanted, _listed(door, job_id, asked, select, page))
    except Refused as error:
        if error.status != BAD_REQUEST:
            raise
        yield from filter(wanted, _listed(door, job_id, None, select, page))


def _listed(
    door: BatchDoor, job_id: str, asked: str | None, select: list[str], page: int | None
) -> Iterator[models.BatchTask]:
    return door.pages(
        f"tasks of job {job_id}",
        lambda client: client.list_tasks(job_id, filter=asked, select=select, max_results=page),
    )
