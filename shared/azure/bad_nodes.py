"""Nodes that are of no use, to anyone or to one job, and why."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from shared.azure import batch_views as views
from shared.azure.batch_door import BatchDoor
from shared.azure.node_files import tail
from shared.errors import Refused, Vanished
from shared.ports import NodeError
from shared.veil import VEIL

if TYPE_CHECKING:
    from azure.batch import models

MOST = 10
MOST_PREEMPTED = 1000
PAGE = 100
STDERR = 300
"""Bytes of what a preparation wrote last."""


def node_errors(door: BatchDoor, pool_id: str) -> tuple[NodeError, ...]:
    """Unusable nodes, and those whose start task failed; at most 10."""
    listed = door.pages(
        f"nodes of pool {pool_id}",
        lambda client: client.list_nodes(
            pool_id,
            filter="state eq 'unusable' or state eq 'starttaskfailed'",
            select=["id", "state", "errors", "startTaskInfo"],
            max_results=MOST,
        ),
    )
    try:
        return tuple(views.node_error(node) for node in islice(listed, MOST))
    except Vanished:
        return ()


def preempted(door: BatchDoor, pool_id: str) -> frozenset[str]:
    """Spot nodes that are taken back now: the first page of them."""
    listed = door.pages(
        f"nodes of pool {pool_id}",
        lambda client: client.list_nodes(pool_id, filter="state eq 'preempted'", select=["id", "state"]),
    )
    try:
        return frozenset(node.id for node in islice(listed, MOST_PREEMPTED))
    except Vanished:
        return frozenset()


def preparation_errors(door: BatchDoor, job_id: str) -> tuple[NodeError, ...]:
    """Nodes that are closed to a job because its preparation failed there; at most 10 of the first page."""
    listed = door.pages(
        f"preparation of job {job_id}",
        lambda client: client.list_job_preparation_and_release_task_status(job_id, max_results=PAGE),
    )
    try:
        failed = list(islice((found for found in islice(listed, PAGE) if _has_failed(found)), MOST))
        said = _said(door, failed[0]) if failed else ""
        return tuple(_error(found, said if number == 0 else "") for number, found in enumerate(failed))
    except Vanished:
        return ()
    except Refused as error:
        if error.code != "JobPreparationTaskNotSpecified":
            raise
        return ()


def _has_failed(found: models.BatchJobPreparationAndReleaseTaskStatus) -> bool:
    info = found.job_preparation_task_execution_info
    return info is not None and views.word(info.result).lower() == "failure"


def _error(found: models.BatchJobPreparationAndReleaseTaskStatus, said: str) -> NodeError:
    info = found.job_preparation_task_execution_info
    failure = info.failure_info if info else None
    code, message = views.failure_words(failure, info.exit_code if info else None)
    return NodeError(found.node_id or "", "preparationfailed", code, f"{message}. stderr: {said}" if said else message)


def _said(door: BatchDoor, found: models.BatchJobPreparationAndReleaseTaskStatus) -> str:
    """The end of what it wrote to stderr; empty where that cannot be had."""
    info = found.job_preparation_task_execution_info
    if info is None or not info.task_root_directory:
        return ""
    path = f"{info.task_root_directory}/stderr.txt"
    content = tail(door, found.pool_id or "", found.node_id or "", path, STDERR)
    return VEIL.over((content or b"").decode("utf-8", "replace")).strip()
