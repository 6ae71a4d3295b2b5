"""What a pass may ask of the Batch account, and what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.ports.quota import InUse, Quotas
from shared.specs import JobSpec, PoolSpec, TaskSpec


@dataclass(frozen=True)
class NodeCounts:
    """Nodes of a pool by what they do; `preempted` spot nodes only."""

    running: int = 0
    idle: int = 0
    starting: int = 0
    preempted: int = 0
    unusable: int = 0
    start_task_failed: int = 0
    spot: int = 0
    total: int = 0


@dataclass(frozen=True)
class ServiceError:
    """An error as the service words it."""

    code: str
    message: str


@dataclass(frozen=True)
class PoolSeen:
    """A pool as it is now."""

    id: str
    state: Literal["active", "deleting"]
    target: int
    current: int
    resize_errors: tuple[ServiceError, ...]
    autoscale_error: ServiceError | None
    metadata: Mapping[str, str]
    slots: int = 1
    """Task slots of each node."""
    containers: bool = True
    """Can it run containers?"""
    opens: bool = True
    """Do its nodes bear what opens this deployment's blobs to them?"""


@dataclass(frozen=True)
class JobSeen:
    """A Batch job as it is now; `ended_because` is its terminate reason."""

    id: str
    state: str
    ended_because: str | None
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class TaskCounts:
    """Progress only: the service may lag behind by seconds."""

    active: int = 0
    running: int = 0
    completed: int = 0
    succeeded: int = 0
    failed: int = 0


@dataclass(frozen=True)
class FailedTask:
    """A task that ended in failure. `runs` = exit-code retries + 1; `ended` tells this end from later ones."""

    id: str
    exit_code: int | None
    category: str
    code: str
    message: str
    runs: int
    node: str | None
    ended: datetime | None = None


@dataclass(frozen=True)
class RunningTask:
    """A task that runs: where, and since when this run of it does."""

    id: str
    node: str
    started: datetime


@dataclass(frozen=True)
class NodeError:
    """Why a node is of no use. The last three are of a preparation that failed."""

    node: str
    state: str
    code: str
    message: str
    category: str = ""
    exit_code: int | None = None
    ended: datetime | None = None


@dataclass(frozen=True)
class Owned:
    """A pool or job that carries Batchdrop's metadata."""

    id: str
    created: datetime
    state: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class ImageSeen:
    """A VM image the service supports."""

    publisher: str
    offer: str
    sku: str
    node_agent: str
    capabilities: tuple[str, ...]
    verified: bool
    ends: datetime | None


class BatchPort(Protocol):
    """The Batch account."""

    def create_pool(self, spec: PoolSpec) -> None:
        """QuotaFull when the account holds no more pools; Transient while one of that id is being deleted."""
        ...

    def pool(self, pool_id: str) -> PoolSeen | None: ...

    def node_counts(self, pool_id: str) -> NodeCounts: ...

    def node_errors(self, pool_id: str) -> tuple[NodeError, ...]:
        """Errors of unusable and start-task-failed nodes, at most 10."""
        ...

    def preempted(self, pool_id: str) -> frozenset[str]:
        """The spot nodes that are taken back now; at most 1,000."""
        ...

    def preparation_errors(self, job_id: str) -> tuple[NodeError, ...]:
        """Nodes on which the job's preparation has failed, so that they take none of its tasks; at most 10."""
        ...

    def reimage_node(self, pool_id: str, node_id: str) -> bool:
        """Ask for a new disk for a node: what failed there begins anew. False where it is gone or in no state for that
        now; Refused where the service does not do it for this pool."""
        ...

    def mark_pool(self, pool_id: str, metadata: Mapping[str, str]) -> None:
        """Replace the pool's metadata; success when it is gone or on its way out."""
        ...

    def node_file(self, pool_id: str, node_id: str, path: str, most: int) -> bytes | None:
        """The last `most` bytes of a file of a node, below its root; None where it cannot be had (any more)."""
        ...

    def delete_pool(self, pool_id: str) -> None:
        """Ask; gone only when `pool` answers None."""
        ...

    def autoscale(self, pool_id: str, formula: str) -> None: ...

    def create_job(self, spec: JobSpec) -> None: ...

    def job(self, job_id: str) -> JobSeen | None: ...

    def mark_job(self, job_id: str, metadata: Mapping[str, str]) -> None:
        """As `mark_pool`; a job that has ended is left as it is."""
        ...

    def limit_tasks(self, job_id: str, most: int | None) -> None:
        """How many tasks of a job run at once; None = no limit. What runs is not stopped."""
        ...

    def hold_job(self, job_id: str) -> None:
        """Begin no task of this job any more; those that run go on. Held before: success."""
        ...

    def terminate_job(self, job_id: str, reason: str) -> None: ...

    def delete_job(self, job_id: str) -> None: ...

    def task_counts(self, job_id: str) -> TaskCounts: ...

    def add_tasks(self, job_id: str, tasks: Sequence[TaskSpec]) -> None:
        """Add up to 100 tasks; returns only when each is there (added now or before)."""
        ...

    def unfinished(self, job_id: str) -> Iterator[str]:
        """Ids of tasks that are not completed, read from the list, page by page."""
        ...

    def running(self, job_id: str, most: int) -> tuple[RunningTask, ...]:
        """At most so many of the tasks that run now; none where the service does not list them apart from the rest."""
        ...

    def failed(self, job_id: str) -> Iterator[FailedTask]:
        """Completed tasks whose result is failure, in id order, page by page."""
        ...

    def retries(self, job_id: str) -> Iterator[int]:
        """How often Batch has run its program again, of each task of which it has; of the failed ones alone where the
        service does not list them apart from the rest."""
        ...

    def reactivate(self, job_id: str, task_id: str) -> None: ...

    def owned_pools(self) -> Iterator[Owned]: ...

    def owned_jobs(self) -> Iterator[Owned]: ...

    def quotas(self) -> Quotas | None:
        """The account's limits, as of the last few minutes; None where they cannot be read."""
        ...

    def in_use(self) -> InUse:
        """All pools and jobs of the account, also those of others."""
        ...

    def images(self) -> tuple[ImageSeen, ...]: ...

    def service_time(self) -> datetime:
        """The service's own clock, to the second: what dates that others wrote are held against."""
        ...
