"""Nodes that are of no use, to anyone or to one job, and why."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from shared.azure import batch_views as views
from shared.azure.batch_door import GONE, BatchDoor
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
NOT_NOW = GONE | {
    "NodeBeingCreated",
    "NodeBeingReimaged",
    "NodeBeingRebooted",
    "NodeBeingStarted",
    "NodeNotFound",
    "NodeStateUnusable",
    "OperationInvalidForCurrentState",
    "PoolBeingDeleted",
    "PoolBeingResized",
}
"""A node that is gone or on its way: refused now, not for good."""


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


def reimage(door: BatchDoor, pool_id: str, node_id: str) -> bool:
    """The option is named since the SDK sends no request without one. What may run there goes back to its queue."""
    from azure.batch.models import _models

    def ask(client: Any) -> None:
        options = _models.BatchNodeReimageOptions(node_reimage_option="requeue")
        client._reimage_node_internal(pool_id, node_id, options)  # the public one starts a polling thread

    return not door.refused(f"node {node_id} of pool {pool_id}", ask, fine=NOT_NOW)


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
    return NodeError(
        node=found.node_id or "",
        state="preparationfailed",
        code=code,
        message=f"{message}. stderr: {said}" if said else message,
        category=views.word(failure.category).lower() if failure else "",
        exit_code=info.exit_code if info else None,
        ended=(info.end_time or info.start_time) if info else None,
    )


def _said(door: BatchDoor, found: models.BatchJobPreparationAndReleaseTaskStatus) -> str:
    """The end of what it wrote to stderr; empty where it never ran, or that cannot be had."""
    info = found.job_preparation_task_execution_info
    if info is None or info.exit_code is None or not info.task_root_directory:
        return ""
    path = f"{info.task_root_directory}/stderr.txt"
    content = tail(door, found.pool_id or "", found.node_id or "", path, STDERR)
    return VEIL.over((content or b"").decode("utf-8", "replace")).strip()
