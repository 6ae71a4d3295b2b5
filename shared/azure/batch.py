"""BatchPort over azure-batch 15. Its traps are handled here and beside here (`batch_*.py`), and nowhere else.

Deletions and terminations are plain requests: the SDK's pollers start a thread each, end silently, and know no bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.azure import bad_nodes, node_files, task_lists
from shared.azure import batch_views as views
from shared.azure.batch_bodies import job_body, metadata_items
from shared.azure.batch_door import GONE, BatchDoor
from shared.azure.batch_tasks import add_tasks
from shared.azure.node_access import NodeAccess
from shared.azure.pools import Pools
from shared.azure.service_clock import service_time
from shared.errors import Transient
from shared.names import OWNER_KEY
from shared.ports import (
    FailedTask,
    ImageSeen,
    InUse,
    JobSeen,
    NodeCounts,
    NodeError,
    Owned,
    PoolSeen,
    Quotas,
    RunningTask,
    TaskCounts,
)
from shared.specs import JobSpec, PoolSpec, TaskSpec

ENDED = ("JobCompleted", "JobBeingTerminated", "JobBeingDeleted")
_POOL = ["id", "state", "targetDedicatedNodes", "targetLowPriorityNodes", "currentDedicatedNodes"]
_POOL += ["currentLowPriorityNodes", "resizeErrors", "autoScaleRun", "metadata"]
_POOL += ["taskSlotsPerNode", "virtualMachineConfiguration", "identity"]
_IN_USE = ["id", "vmSize", "currentDedicatedNodes", "currentLowPriorityNodes"]
_OWNED = ["id", "creationTime", "state", "metadata"]
_OURS = "startswith(id,'bd-')"


class AzureBatch:
    """The Batch account: `access` says by which right nodes get at blobs, `pools` where pools are made
    (`batch_modes.py`)."""

    def __init__(self, door: BatchDoor, access: NodeAccess, pools: Pools) -> None:
        self._door, self._access, self._pools = door, access, pools

    def close(self) -> None:
        """Close the connections."""
        self._pools.close()
        self._door.close()

    # ------------------------------------------------------------------ pools

    def create_pool(self, spec: PoolSpec) -> None:
        if not self._pools.create(spec):
            seen = self.pool(spec.id)
            _settled(f"pool {spec.id}", seen.state if seen else None)

    def pool(self, pool_id: str) -> PoolSeen | None:
        found = self._door.find(f"pool {pool_id}", lambda client: client.get_pool(pool_id, select=_POOL))
        return views.pool_seen(found, self._access) if found else None

    def node_counts(self, pool_id: str) -> NodeCounts:
        asked = f"poolId eq '{pool_id}'"
        found = self._door.pages(f"nodes of pool {pool_id}", lambda client: client.list_pool_node_counts(filter=asked))
        return next((views.node_counts(each) for each in found if each.pool_id == pool_id), NodeCounts())

    def node_errors(self, pool_id: str) -> tuple[NodeError, ...]:
        return bad_nodes.node_errors(self._door, pool_id)

    def preempted(self, pool_id: str) -> frozenset[str]:
        return bad_nodes.preempted(self._door, pool_id)

    def preparation_errors(self, job_id: str) -> tuple[NodeError, ...]:
        return bad_nodes.preparation_errors(self._door, job_id)

    def reimage_node(self, pool_id: str, node_id: str) -> bool:
        return bad_nodes.reimage(self._door, pool_id, node_id)

    def mark_pool(self, pool_id: str, metadata: Mapping[str, str]) -> None:
        from azure.batch import models

        change = models.BatchPoolUpdateOptions(metadata=metadata_items(metadata.items()))
        gone = {*GONE, "PoolBeingDeleted"}
        self._door.refused(f"pool {pool_id}", lambda client: client.update_pool(pool_id, change), fine=gone)

    def node_file(self, pool_id: str, node_id: str, path: str, most: int) -> bytes | None:
        return node_files.tail(self._door, pool_id, node_id, path, most)

    def delete_pool(self, pool_id: str) -> None:
        def delete(client: Any) -> None:
            client._delete_pool_internal(pool_id)  # the public one starts a polling thread

        self._door.refused(f"pool {pool_id}", delete, fine={*GONE, "PoolBeingDeleted"})

    def autoscale(self, pool_id: str, formula: str) -> None:
        """At most every 30 s: Transient before. The evaluation interval stays as it was."""
        from azure.batch import models

        options = models.BatchPoolEnableAutoScaleOptions(auto_scale_formula=formula)
        self._door.get(
            f"autoscale of pool {pool_id}",
            lambda client: client.enable_pool_auto_scale(pool_id, options, retry_total=0),  # soon is too soon
        )

    # ------------------------------------------------------------------ jobs

    def create_job(self, spec: JobSpec) -> None:
        body = job_body(spec, self._access)
        if self._door.refused(f"job {spec.id}", lambda client: client.create_job(body), fine={"JobExists"}):
            seen = self.job(spec.id)
            _settled(f"job {spec.id}", seen.state if seen else None)

    def job(self, job_id: str) -> JobSeen | None:
        select = ["id", "state", "executionInfo", "metadata"]
        found = self._door.find(f"job {job_id}", lambda client: client.get_job(job_id, select=select))
        return views.job_seen(found) if found else None

    def mark_job(self, job_id: str, metadata: Mapping[str, str]) -> None:
        from azure.batch import models

        change = models.BatchJobUpdateOptions(metadata=metadata_items(metadata.items()))
        gone = {*GONE, *ENDED}
        self._door.refused(f"job {job_id}", lambda client: client.update_job(job_id, change), fine=gone)

    def limit_tasks(self, job_id: str, most: int | None) -> None:
        from azure.batch import models

        change = models.BatchJobUpdateOptions(max_parallel_tasks=-1 if most is None else most)
        self._door.get(f"job {job_id}", lambda client: client.update_job(job_id, change))

    def hold_job(self, job_id: str) -> None:
        from azure.batch import models

        def disable(client: Any) -> None:
            options = models.BatchJobDisableOptions(disable_tasks=models.DisableBatchJobOption.WAIT)
            client._disable_job_internal(job_id, options)  # as in delete_pool

        self._door.get(f"job {job_id}", disable)

    def terminate_job(self, job_id: str, reason: str) -> None:
        from azure.batch.models import _models

        def terminate(client: Any) -> None:
            options = _models.BatchJobTerminateOptions(termination_reason=reason)
            client._terminate_job_internal(job_id, options=options)  # as in delete_pool

        self._door.refused(f"job {job_id}", terminate, fine={*GONE, *ENDED})

    def delete_job(self, job_id: str) -> None:
        def delete(client: Any) -> None:
            client._delete_job_internal(job_id)  # as in delete_pool

        self._door.refused(f"job {job_id}", delete, fine={*GONE, "JobBeingDeleted"})

    def task_counts(self, job_id: str) -> TaskCounts:
        return views.task_counts(self._door.get(f"job {job_id}", lambda client: client.get_job_task_counts(job_id)))

    # ------------------------------------------------------------------ tasks

    def add_tasks(self, job_id: str, tasks: Sequence[TaskSpec]) -> None:
        add_tasks(self._door, self._access, job_id, tasks)

    def unfinished(self, job_id: str) -> Iterator[str]:
        return task_lists.unfinished(self._door, job_id)

    def running(self, job_id: str, most: int) -> tuple[RunningTask, ...]:
        return task_lists.running(self._door, job_id, most)

    def failed(self, job_id: str) -> Iterator[FailedTask]:
        return task_lists.failed(self._door, job_id)

    def retries(self, job_id: str) -> Iterator[int]:
        return task_lists.retries(self._door, job_id)

    def reactivate(self, job_id: str, task_id: str) -> None:
        """A task that waits, runs or has succeeded by now needs it no more: success."""
        self._door.refused(
            f"task {task_id} of job {job_id}",
            lambda client: client.reactivate_task(job_id, task_id),
            fine={"TaskNotCompleted", "TaskSucceeded"},
        )

    # ------------------------------------------------------------------ the account

    def owned_pools(self) -> Iterator[Owned]:
        listed = self._door.pages("pools", lambda client: client.list_pools(filter=_OURS, select=_OWNED))
        yield from (found for found in map(views.owned, listed) if OWNER_KEY in found.metadata)

    def owned_jobs(self) -> Iterator[Owned]:
        listed = self._door.pages("jobs", lambda client: client.list_jobs(filter=_OURS, select=_OWNED))
        yield from (found for found in map(views.owned, listed) if OWNER_KEY in found.metadata)

    def quotas(self) -> Quotas | None:
        return self._pools.quotas()

    def in_use(self) -> InUse:
        nodes = self._door.pages("pools", lambda client: client.list_pools(select=_IN_USE))
        jobs = self._door.pages("jobs", lambda client: client.list_jobs(select=["id", "state"]))
        pools = tuple(map(views.pool_nodes, nodes))
        return InUse(pools, sum(views.word(job.state) not in ("completed", "deleting") for job in jobs))

    def images(self) -> tuple[ImageSeen, ...]:
        listed = self._door.pages("supported images", lambda client: client.list_supported_images())
        return tuple(views.image_seen(each) for each in listed if views.word(each.os_type).lower() == "linux")

    def service_time(self) -> datetime:
        return service_time(self._door)


def _settled(thing: str, state: str | None) -> None:
    """What exists on a create is ours, unless it is on its way out, or cannot be seen: its name is not free yet, or it
    is there in one place only. To go on would be to find it lost."""
    if state is None:
        raise Transient(f"{thing} is not to be seen yet", timedelta(seconds=5))
    if state == "deleting":
        raise Transient(f"{thing} is still being deleted")
