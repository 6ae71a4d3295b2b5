"""The shapes of the world: what a pass may ask of storage, Batch, queue, events, secrets, locks and the clock.

Every method is bounded by the deadline the port was built with and raises only errors of `shared.errors`. Absent things
are None, never exceptions; "exists" on create and "not found" on delete are success.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from shared.specs import JobSpec, PoolSpec, TaskSpec

# ---------------------------------------------------------------------------------------------- storage


@dataclass(frozen=True)
class BlobItem:
    """A blob as a listing shows it. `etag` without quotes; `md5` as hex or None; metadata only where asked for."""

    name: str
    length: int
    etag: str
    modified: datetime
    md5: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Blob:
    """A small blob, read whole in one GET: content and ETag are of the same version."""

    item: BlobItem
    content: bytes


@dataclass(frozen=True)
class ContainerItem:
    """A container as a listing shows it."""

    name: str
    modified: datetime
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Condition:
    """What must hold for a write: nothing there yet (`absent`), or exactly that version (`etag`)."""

    absent: bool = False
    etag: str | None = None


ANY = Condition()
ABSENT = Condition(absent=True)


class BlobPort(Protocol):
    """One storage account. Names are (container, blob); writes answer the new ETag, without quotes."""

    def read(self, container: str, name: str) -> Blob | None: ...

    def head(self, container: str, name: str) -> BlobItem | None: ...

    def stream(
        self, container: str, name: str, *, etag: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Chunks of at most 4 MiB from `offset`; Vanished when the blob is not `etag` any more."""
        ...

    def put(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Write a whole small blob; Conflict when `when` does not hold."""
        ...

    def put_stream(self, container: str, name: str, chunks: Iterable[bytes]) -> str:
        """Write a blob of unknown length in bounded memory, replacing what is there."""
        ...

    def stage(self, container: str, name: str, number: int, content: bytes) -> None:
        """Stage block `number` (0..49,999); ids derive from the number and have one length."""
        ...

    def commit(
        self,
        container: str,
        name: str,
        blocks: int,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Commit blocks 0..blocks-1; Conflict when `when` does not hold, or a block is unknown (someone committed)."""
        ...

    def copy(
        self,
        source: tuple[str, str],
        etag: str,
        target: tuple[str, str],
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Copy within the account, server-side, and wait until done; Vanished when the source is not `etag`."""
        ...

    def delete(self, container: str, name: str) -> None: ...

    def list(
        self, container: str, prefix: str = "", *, metadata: bool = False, after: str | None = None
    ) -> Iterator[BlobItem]:
        """Blobs in byte order of their names, page by page; nothing when the container is absent.

        `after`: only names greater than it (a cursor).
        """
        ...

    def create_container(self, name: str, metadata: Mapping[str, str]) -> None:
        """Transient while a container of that name is still being deleted."""
        ...

    def container_exists(self, name: str) -> bool:
        """False only on a 404 (a container being deleted still exists)."""
        ...

    def delete_container(self, name: str) -> None: ...

    def list_containers(self, prefix: str) -> Iterator[ContainerItem]: ...

    def allow(self, container: str, permissions: str, until: datetime) -> None:
        """Write the container's stored access policy (`permissions` such as 'rl'), replacing the last one."""
        ...

    def revoke(self, container: str) -> None:
        """Remove the container's stored access policies: every SAS bound to them dies."""
        ...

    def url(self, container: str, name: str = "") -> str:
        """The plain address of a blob or container."""
        ...

    def signed_by_policy(self, container: str, name: str = "") -> str:
        """Address with a SAS bound to the container's stored access policy (job containers only)."""
        ...

    def signed_read(self, container: str, name: str, until: datetime) -> str:
        """Address with a read-only SAS of this one blob (sources and reference data in the users' containers)."""
        ...


# ---------------------------------------------------------------------------------------------- Batch


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
    """A task that ended in failure. `runs` = exit-code retries + 1."""

    id: str
    exit_code: int | None
    category: str
    code: str
    message: str
    runs: int
    node: str | None


@dataclass(frozen=True)
class NodeError:
    """Why a node is of no use."""

    node: str
    state: str
    code: str
    message: str


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

    def delete_pool(self, pool_id: str) -> None:
        """Ask; gone only when `pool` answers None."""
        ...

    def autoscale(self, pool_id: str, formula: str) -> None: ...

    def create_job(self, spec: JobSpec) -> None: ...

    def job(self, job_id: str) -> JobSeen | None: ...

    def terminate_job(self, job_id: str, reason: str) -> None: ...

    def delete_job(self, job_id: str) -> None: ...

    def task_counts(self, job_id: str) -> TaskCounts: ...

    def add_tasks(self, job_id: str, tasks: Sequence[TaskSpec]) -> None:
        """Add up to 100 tasks; returns only when each is there (added now or before)."""
        ...

    def unfinished(self, job_id: str) -> Iterator[str]:
        """Ids of tasks that are not completed, read from the list, page by page."""
        ...

    def failed(self, job_id: str) -> Iterator[FailedTask]:
        """Completed tasks whose result is failure, in id order, page by page (100 a page)."""
        ...

    def reactivate(self, job_id: str, task_id: str) -> None: ...

    def owned_pools(self) -> Iterator[Owned]: ...

    def owned_jobs(self) -> Iterator[Owned]: ...

    def images(self) -> tuple[ImageSeen, ...]: ...


# ---------------------------------------------------------------------------------------------- the rest


class Lease(Protocol):
    """A held lock."""

    def renew(self) -> bool:
        """Prolong by 30 s; False when it was lost."""
        ...

    def release(self) -> None: ...


@dataclass(frozen=True)
class DefectCount:
    """How often a job's passes raised at one step without progress in between."""

    step: str
    count: int
    first: datetime


class LockPort(Protocol):
    """One lock per job, for long steps only. Correctness never rests on it."""

    def acquire(self, job_id: str) -> Lease | None: ...

    def held(self, job_id: str) -> bool: ...

    def defects(self, job_id: str) -> DefectCount | None: ...

    def count_defect(self, job_id: str, step: str, now: datetime) -> DefectCount: ...

    def clear_defects(self, job_id: str) -> None: ...


class QueuePort(Protocol):
    """The wake queue. Messages are JSON, base64 on the wire."""

    def send(self, message: Mapping[str, str | int], delay: timedelta = timedelta(0)) -> None: ...


class EventPort(Protocol):
    """Where `Batchdrop.Job.TasksEnded` goes: the topic, or, with none configured, the wake queue."""

    def tasks_ended(self, job_id: str, wake: int) -> None: ...


class SecretPort(Protocol):
    """Secrets by name; Refused with code SECRET_DENIED names the secret, never its value."""

    def get(self, name: str) -> str: ...


class Clock(Protocol):
    """The only source of time; UTC."""

    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Ports:
    """The world of one controller. `control` and `work` may be one account."""

    control: BlobPort
    work: BlobPort
    batch: BatchPort
    locks: LockPort
    queue: QueuePort
    events: EventPort
    secrets: SecretPort
    clock: Clock
