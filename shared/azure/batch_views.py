"""From the SDK's models to what the ports show. States are plain words, also such as the SDK does not know yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.azure.node_access import NodeAccess
from shared.ports import (
    FailedTask,
    ImageSeen,
    JobSeen,
    NodeCounts,
    NodeError,
    Owned,
    PoolNodes,
    PoolSeen,
    RunningTask,
    ServiceError,
    TaskCounts,
)
from shared.veil import VEIL

if TYPE_CHECKING:
    from azure.batch import models

_SHOWN = 1024


def word(value: object) -> str:
    """An enum's value, or the text itself; empty for None."""
    return str(getattr(value, "value", value) or "")


def pool_seen(pool: models.BatchPool, access: NodeAccess) -> PoolSeen:
    run = pool.auto_scale_run.error if pool.auto_scale_run else None
    machine = pool.virtual_machine_configuration
    return PoolSeen(
        id=pool.id,
        state="deleting" if word(pool.state) == "deleting" else "active",
        target=(pool.target_dedicated_nodes or 0) + (pool.target_low_priority_nodes or 0),
        current=(pool.current_dedicated_nodes or 0) + (pool.current_low_priority_nodes or 0),
        resize_errors=tuple(
            ServiceError(each.code or "", _with_details(each.message, None)) for each in pool.resize_errors or ()
        ),
        autoscale_error=ServiceError(run.code or "", _autoscale_message(run)) if run else None,
        metadata=mapping(pool.metadata),
        slots=pool.task_slots_per_node or 1,
        containers=bool(machine and machine.container_configuration),
        opens=access.opens(identities(pool)),
    )


def identities(pool: models.BatchPool) -> list[str]:
    """ARM ids of what its nodes bear."""
    assigned = pool.identity.user_assigned_identities if pool.identity else None
    return [each.resource_id or "" for each in assigned or ()]


def pool_nodes(pool: models.BatchPool) -> PoolNodes:
    return PoolNodes(pool.vm_size or "", pool.current_dedicated_nodes or 0, pool.current_low_priority_nodes or 0)


def node_counts(counts: models.BatchPoolNodeCounts) -> NodeCounts:
    """Both kinds of nodes together. Spot nodes that were taken back are in `preempted` and `total`, not in `spot`."""
    kinds = [each for each in (counts.dedicated, counts.low_priority) if each]
    spot = counts.low_priority
    return NodeCounts(
        running=sum(each.running for each in kinds),
        idle=sum(each.idle for each in kinds),
        starting=sum(map(_on_its_way, kinds)),
        preempted=spot.preempted if spot else 0,
        unusable=sum(each.unusable for each in kinds),
        start_task_failed=sum(each.start_task_failed for each in kinds),
        spot=spot.total - spot.preempted if spot else 0,
        total=sum(each.total for each in kinds),
    )


def _on_its_way(counts: models.BatchNodeCounts) -> int:
    back = counts.rebooting + counts.reimaging
    return counts.creating + counts.starting + counts.waiting_for_start_task + back


def node_error(node: models.BatchNode) -> NodeError:
    """The first error that the node reports, or its failed start task's."""
    started = node.start_task_info.failure_info if node.start_task_info else None
    if node.errors:
        first = node.errors[0]
        code, message = first.code or "", _with_details(first.message, first.error_details)
    elif started:
        exit_code = node.start_task_info.exit_code if node.start_task_info else None
        code, message = failure_words(started, exit_code)
    else:
        code, message = "", "the node reports no error"
    return NodeError(node.id, word(node.state), code, message)


def failure_words(failure: models.BatchTaskFailureInfo | None, exit_code: int | None) -> tuple[str, str]:
    """Code and message of a start task or a preparation that failed, its exit code named."""
    ended = f"it ended with {exit_code}. " if exit_code is not None else ""
    if failure is None:
        return "", ended or "the service gives no reason"
    return failure.code or "", ended + _with_details(failure.message, failure.details)


def job_seen(job: models.BatchJob) -> JobSeen:
    ended = job.execution_info.termination_reason if job.execution_info else None
    return JobSeen(job.id, word(job.state), ended, mapping(job.metadata))


def task_counts(result: models.BatchTaskCountsResult) -> TaskCounts:
    counts = result.task_counts
    return TaskCounts(counts.active, counts.running, counts.completed, counts.succeeded, counts.failed)


def failed_task(task: models.BatchTask) -> FailedTask:
    info = task.execution_info
    failure = info.failure_info if info else None
    return FailedTask(
        id=task.id or "",
        exit_code=info.exit_code if info else None,
        category=word(failure.category).lower() if failure else "",
        code=(failure.code or "") if failure else "",
        message=_with_details(failure.message, failure.details) if failure else "",
        runs=(info.retry_count or 0) + 1 if info else 1,
        node=task.node_info.node_id if task.node_info else None,
        ended=info.end_time if info else None,
    )


def running_task(task: models.BatchTask) -> RunningTask | None:
    """None for one that has no node or no start any more by the time it is shown."""
    info, node = task.execution_info, task.node_info
    if info is None or info.start_time is None or node is None or not node.node_id:
        return None
    return RunningTask(task.id or "", node.node_id, info.start_time)


def has_failed(task: models.BatchTask) -> bool:
    return task.execution_info is not None and word(task.execution_info.result).lower() == "failure"


def owned(thing: models.BatchPool | models.BatchJob) -> Owned:
    created = thing.creation_time or datetime.min.replace(tzinfo=UTC)
    return Owned(thing.id, created, word(thing.state), mapping(thing.metadata))


def image_seen(image: models.BatchSupportedImage) -> ImageSeen:
    reference = image.image_reference
    return ImageSeen(
        publisher=reference.publisher or "",
        offer=reference.offer or "",
        sku=reference.sku or "",
        node_agent=image.node_agent_sku_id,
        capabilities=tuple(image.capabilities or ()),
        verified=word(image.verification_type).lower() == "verified",
        ends=image.batch_support_end_of_life,
    )


def mapping(items: Iterable[models.BatchMetadataItem] | None) -> dict[str, str]:
    return {item.name: item.value for item in items or ()}


def _autoscale_message(error: models.AutoScaleRunError) -> str:
    return _with_details(error.message, error.error_values)


def _with_details(message: str | None, details: Iterable[models.NameValuePair] | None) -> str:
    """Batch keeps what matters (the image, the path, the reason) in the details."""
    said = [f"{each.name}: {each.value}" for each in details or () if each.value]
    return VEIL.over("; ".join([part for part in (message or "", *said) if part]))[:_SHOWN]
