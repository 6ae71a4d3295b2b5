"""A Batch account in memory. Nothing moves in it by itself: a test runs tasks, sets node counts, advances the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.errors import Defect, QuotaFull, Refused, Transient, Vanished
from shared.names import OWNER_KEY
from shared.ports import (
    Clock,
    FailedTask,
    ImageSeen,
    InUse,
    JobSeen,
    NodeCounts,
    NodeError,
    Owned,
    PoolNodes,
    PoolSeen,
    Quotas,
    RunningTask,
    ServiceError,
    TaskCounts,
)
from shared.specs import JobSpec, PoolSpec, TaskSpec
from tests.fakes.faults import Faulty, port
from tests.fakes.tasks import FakeTask, TaskEnd, failed_task

AUTOSCALE_PAUSE = timedelta(seconds=30)
REIMAGE = timedelta(minutes=2)
IMAGES = (
    ImageSeen("microsoft-dsvm", "ubuntu-hpc", "2204", "batch.node.ubuntu 22.04", ("DockerCompatible",), True, None),
    ImageSeen("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04", (), True, None),
)


@dataclass
class FakePool:
    """A pool, with all that a test may set."""

    spec: PoolSpec
    created: datetime
    formula: str
    nodes: NodeCounts
    formula_set: datetime | None = None
    resize_errors: tuple[ServiceError, ...] = ()
    autoscale_error: ServiceError | None = None
    node_errors: tuple[NodeError, ...] = ()
    node_files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """By node and path."""
    gone_at: datetime | None = None
    taken: frozenset[str] = frozenset()
    """The spot nodes that are taken back now."""
    reimaging: dict[str, datetime] = field(default_factory=dict)
    """Nodes with a new disk, and when they are back."""
    reimages: bool = True
    """Does the service reimage nodes of this pool?"""
    containers: bool = True
    opens: bool = True


@dataclass
class Unprepared:
    """Why a node takes no tasks of a job (None: it is on its way back), and how often that happens still."""

    code: str
    error: NodeError | None
    again: int


@dataclass
class FakeJob:
    """A job and its tasks, by id."""

    spec: JobSpec
    created: datetime
    tasks: dict[str, FakeTask] = field(default_factory=dict)
    ended_because: str | None = None
    gone_at: datetime | None = None
    held: bool = False
    most: int | None = None
    """How many tasks run at once; None = no limit."""
    unprepared: dict[str, Unprepared] = field(default_factory=dict)
    """By node: where its preparation fails."""

    @property
    def preparation_errors(self) -> tuple[NodeError, ...]:
        return tuple(each.error for each in self.unprepared.values() if each.error)

    def next_ones(self) -> list[FakeTask]:
        """Waiting tasks that may run beside those that do."""
        running = sum(task.running for task in self.tasks.values())
        waiting = [task for task in self.tasks.values() if not task.end and not task.running]
        return waiting if self.most is None else waiting[: max(0, self.most - running)]


class FakeBatch(Faulty):
    """A `BatchPort`. Quotas None = no limit; `deletion`: how long "deleting" lasts before the 404; `counts` not None:
    what `task_counts` answers whatever is true (it may lag)."""

    def __init__(self, clock: Clock, deletion: timedelta = timedelta(minutes=1)) -> None:
        super().__init__()
        self.deletion = deletion
        self.first_nodes = NodeCounts(idle=1, total=1)
        self.pool_quota: int | None = None
        self.job_quota: int | None = None
        self.account: Quotas | None = None
        self.counts: TaskCounts | None = None
        self.images_supported = IMAGES
        self.ahead = timedelta(0)
        """Of the clock that the controller reads."""
        self.pools: dict[str, FakePool] = {}
        self.jobs: dict[str, FakeJob] = {}
        self._clock = clock
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ pools

    @port
    def create_pool(self, spec: PoolSpec) -> None:
        with self._lock:
            if self._settle(self.pools, spec.id):
                _refuse_deleting(self.pools[spec.id].gone_at, f"pool {spec.id}")
                return
            if self.pool_quota is not None and len(self.pools) >= self.pool_quota:
                raise QuotaFull("PoolQuotaReached", f"pool {spec.id}: the account holds {self.pool_quota} pools")
            self.pools[spec.id] = FakePool(spec, self._clock.now(), spec.formula, self.first_nodes)

    @port
    def pool(self, pool_id: str) -> PoolSeen | None:
        if not self._settle(self.pools, pool_id):
            return None
        pool = self.pools[pool_id]
        return PoolSeen(
            pool_id,
            "deleting" if pool.gone_at else "active",
            pool.nodes.total,
            pool.nodes.total,
            pool.resize_errors,
            pool.autoscale_error,
            dict(pool.spec.metadata),
            pool.spec.slots,
            pool.containers,
            pool.opens,
        )

    @port
    def node_counts(self, pool_id: str) -> NodeCounts:
        return self.pools[pool_id].nodes if self._settle(self.pools, pool_id) else NodeCounts()

    @port
    def node_errors(self, pool_id: str) -> tuple[NodeError, ...]:
        return self.pools[pool_id].node_errors[:10] if self._settle(self.pools, pool_id) else ()

    @port
    def preempted(self, pool_id: str) -> frozenset[str]:
        return self.pools[pool_id].taken if self._settle(self.pools, pool_id) else frozenset()

    @port
    def preparation_errors(self, job_id: str) -> tuple[NodeError, ...]:
        return self.jobs[job_id].preparation_errors[:10] if self._settle(self.jobs, job_id) else ()

    @port
    def reimage_node(self, pool_id: str, node_id: str) -> bool:
        with self._lock:
            if not self._settle(self.pools, pool_id) or self.pools[pool_id].gone_at:
                return False
            pool, jobs = self.pools[pool_id], [job for job in self.jobs.values() if job.spec.pool_id == pool_id]
            if not any(node_id in job.unprepared for job in jobs) or node_id in pool.reimaging:
                return False
            if not pool.reimages:
                raise Refused("OperationNotValidOnPool", 409, f"pool {pool_id}: its nodes are not reimaged")
            pool.reimaging[node_id] = self._clock.now() + REIMAGE
            pool.nodes = replace(pool.nodes, idle=pool.nodes.idle - 1, starting=pool.nodes.starting + 1)
            for job in jobs:
                if node_id in job.unprepared:
                    job.unprepared[node_id].error = None
            return True

    @port
    def mark_pool(self, pool_id: str, metadata: Mapping[str, str]) -> None:
        if self._settle(self.pools, pool_id) and not self.pools[pool_id].gone_at:
            pool = self.pools[pool_id]
            pool.spec = replace(pool.spec, metadata=tuple(metadata.items()))

    @port
    def node_file(self, pool_id: str, node_id: str, path: str, most: int) -> bytes | None:
        found = self.pools[pool_id].node_files.get((node_id, path)) if self._settle(self.pools, pool_id) else None
        return None if found is None else found[-most:]

    @port
    def delete_pool(self, pool_id: str) -> None:
        with self._lock:
            if self._settle(self.pools, pool_id) and not self.pools[pool_id].gone_at:
                self.pools[pool_id].gone_at = self._clock.now() + self.deletion
                self.pools[pool_id].nodes = NodeCounts()

    @port
    def autoscale(self, pool_id: str, formula: str) -> None:
        pool, now = self._live_pool(pool_id), self._clock.now()
        if pool.formula_set and now - pool.formula_set < AUTOSCALE_PAUSE:
            raise Transient(f"pool {pool_id}: the formula was set less than 30 s ago", AUTOSCALE_PAUSE)
        pool.formula, pool.formula_set = formula, now

    # ------------------------------------------------------------------ jobs

    @port
    def create_job(self, spec: JobSpec) -> None:
        with self._lock:
            if self._settle(self.jobs, spec.id):
                _refuse_deleting(self.jobs[spec.id].gone_at, f"job {spec.id}")
                return
            active = sum(not job.ended_because for job in self.jobs.values())
            if self.job_quota is not None and active >= self.job_quota:
                raise QuotaFull("ActiveJobAndScheduleQuotaReached", f"job {spec.id}: {active} jobs are active")
            self.jobs[spec.id] = FakeJob(spec, self._clock.now(), most=spec.most_tasks)

    @port
    def job(self, job_id: str) -> JobSeen | None:
        if not self._settle(self.jobs, job_id):
            return None
        job = self.jobs[job_id]
        state = "deleting" if job.gone_at else "completed" if job.ended_because else "active"
        return JobSeen(job_id, state, job.ended_because, dict(job.spec.metadata))

    @port
    def mark_job(self, job_id: str, metadata: Mapping[str, str]) -> None:
        if self._settle(self.jobs, job_id) and not self.jobs[job_id].ended_because:
            job = self.jobs[job_id]
            job.spec = replace(job.spec, metadata=tuple(metadata.items()))

    @port
    def limit_tasks(self, job_id: str, most: int | None) -> None:
        with self._lock:
            self._live_job(job_id).most = most

    @port
    def hold_job(self, job_id: str) -> None:
        with self._lock:
            self._live_job(job_id).held = True

    @port
    def terminate_job(self, job_id: str, reason: str) -> None:
        with self._lock:
            if self._settle(self.jobs, job_id) and not self.jobs[job_id].ended_because:
                self._end(self.jobs[job_id], reason)

    @port
    def delete_job(self, job_id: str) -> None:
        with self._lock:
            if self._settle(self.jobs, job_id) and not self.jobs[job_id].gone_at:
                self._end(self.jobs[job_id], self.jobs[job_id].ended_because or "UserTerminate")
                self.jobs[job_id].gone_at = self._clock.now() + self.deletion

    @port
    def task_counts(self, job_id: str) -> TaskCounts:
        if self.counts:
            return self.counts
        tasks = list(self._known_job(job_id).tasks.values())
        ended = [task.end for task in tasks if task.end]
        running = sum(task.running for task in tasks)
        good = sum(end.success for end in ended)
        return TaskCounts(len(tasks) - len(ended) - running, running, len(ended), good, len(ended) - good)

    # ------------------------------------------------------------------ tasks

    @port
    def add_tasks(self, job_id: str, tasks: Sequence[TaskSpec]) -> None:
        if len(tasks) > 100:
            raise Defect(f"job {job_id}: {len(tasks)} tasks in one request, 100 are allowed")
        with self._lock:
            job = self._live_job(job_id)
            for spec in tasks:
                job.tasks.setdefault(spec.id, FakeTask(spec))

    @port
    def unfinished(self, job_id: str) -> Iterator[str]:
        yield from sorted(task.spec.id for task in self._known_job(job_id).tasks.values() if not task.end)

    @port
    def running(self, job_id: str, most: int) -> tuple[RunningTask, ...]:
        running = [task for task in self._known_job(job_id).tasks.values() if task.running and task.started]
        return tuple(RunningTask(each.spec.id, each.node, each.started) for each in running[:most] if each.started)

    @port
    def failed(self, job_id: str) -> Iterator[FailedTask]:
        tasks = self._known_job(job_id).tasks
        for task_id in sorted(tasks):
            end = tasks[task_id].end
            if end and not end.success:
                yield failed_task(tasks[task_id], end)

    @port
    def retries(self, job_id: str) -> Iterator[int]:
        yield from (task.runs - 1 for task in self._known_job(job_id).tasks.values() if task.runs > 1)

    @port
    def reactivate(self, job_id: str, task_id: str) -> None:
        with self._lock:
            task = self._live_job(job_id).tasks.get(task_id)
            if task is None:
                raise Vanished(f"{job_id}/{task_id}", f"task {task_id} of job {job_id} is not there")
            if task.end and not task.end.success:
                task.end, task.runs = None, 0

    # ------------------------------------------------------------------ the account

    @port
    def owned_pools(self) -> Iterator[Owned]:
        for pool_id in sorted(self.pools):
            if self._settle(self.pools, pool_id) and OWNER_KEY in (meta := dict(self.pools[pool_id].spec.metadata)):
                pool = self.pools[pool_id]
                yield Owned(pool_id, pool.created, "deleting" if pool.gone_at else "active", meta)

    @port
    def owned_jobs(self) -> Iterator[Owned]:
        for job_id in sorted(self.jobs):
            if self._settle(self.jobs, job_id) and OWNER_KEY in (meta := dict(self.jobs[job_id].spec.metadata)):
                job = self.jobs[job_id]
                state = "deleting" if job.gone_at else "completed" if job.ended_because else "active"
                yield Owned(job_id, job.created, state, meta)

    @port
    def quotas(self) -> Quotas | None:
        return self.account

    @port
    def in_use(self) -> InUse:
        pools = [pool for name, pool in list(self.pools.items()) if self._settle(self.pools, name)]
        nodes = tuple(PoolNodes(p.spec.vm_size, p.nodes.total - p.nodes.spot, p.nodes.spot) for p in pools)
        jobs = [job for name, job in list(self.jobs.items()) if self._settle(self.jobs, name)]
        return InUse(nodes, sum(not job.ended_because for job in jobs))

    @port
    def images(self) -> tuple[ImageSeen, ...]:
        return self.images_supported

    @port
    def service_time(self) -> datetime:
        return self._clock.now() + self.ahead

    # ------------------------------------------------------------------ driving, for tests

    def run(self, program: Callable[[TaskSpec], TaskEnd], most: int | None = None) -> int:
        """Run waiting tasks to their end, oldest first; a nonzero exit is repeated as often as the task allows.

        Only in active jobs whose pool is there and has nodes. Answers how many tasks ended.
        """
        waiting = [task for job in list(self.jobs.values()) if self._can_run(job) for task in job.tasks.values()]
        chosen = [task for task in waiting if not task.end][:most]
        for task in chosen:
            task.run(program, self._clock.now())
        return len(chosen)

    def start(self, most: int | None = None) -> int:
        """Let waiting tasks be running; `run` ends them."""
        able = [job for job in list(self.jobs.values()) if self._can_run(job)]
        chosen = [task for job in able for task in job.next_ones()][:most]
        for number, task in enumerate(chosen):
            task.begin(f"node-{number}", self._clock.now())
        return len(chosen)

    def unprepare(self, job_id: str, node_id: str, times: int = 1, code: str = "BlobDownloadMiscError") -> None:
        """The preparation of an idle node fails now, and so often in all, each time after the node was reimaged."""
        self.jobs[job_id].unprepared[node_id] = Unprepared(
            code, unprepared(node_id, code, self._clock.now()), times - 1
        )

    def set_nodes(self, pool_id: str, nodes: NodeCounts) -> None:
        self.pools[pool_id].nodes = nodes
        if not nodes.preempted:
            self.pools[pool_id].taken = frozenset()

    def preempt(self, pool_id: str, nodes: int) -> None:
        """Take spot nodes away, all that run tasks: these wait again, no retry is used."""
        pool, jobs = self.pools[pool_id], [job for job in self.jobs.values() if job.spec.pool_id == pool_id]
        pool.nodes = replace(pool.nodes, running=max(0, pool.nodes.running - nodes), preempted=nodes)
        pool.taken = frozenset(task.node for job in jobs for task in job.tasks.values() if task.running)
        for job in jobs:
            for task in job.tasks.values():
                task.running = False

    # ------------------------------------------------------------------ inside

    def _can_run(self, job: FakeJob) -> bool:
        pool_there = self._settle(self.pools, job.spec.pool_id) and self.pools[job.spec.pool_id].nodes.total > 0
        if not pool_there or not self._settle(self.jobs, job.spec.id) or job.ended_because or job.held:
            return False
        nodes = self.pools[job.spec.pool_id].nodes
        return not job.unprepared or nodes.running + nodes.idle > len(job.preparation_errors)

    def _settle(self, things: dict[str, FakePool] | dict[str, FakeJob], key: str) -> bool:
        """Whether it is there, after what time has done to it."""
        thing = things.get(key)
        if thing and thing.gone_at and thing.gone_at <= self._clock.now():
            del things[key]
            return False
        if isinstance(thing, FakePool):
            self._bring_back(thing)
        if isinstance(thing, FakeJob) and self._clock.now() >= thing.created + thing.spec.max_wall_clock:
            self._end(thing, thing.ended_because or "MaxWallClockTimeExpiry")
        return thing is not None

    def _bring_back(self, pool: FakePool) -> None:
        """Nodes whose new disk is there: their preparation is run anew."""
        jobs = [job for job in self.jobs.values() if job.spec.pool_id == pool.spec.id]
        for node in [node for node, due in pool.reimaging.items() if due <= self._clock.now()]:
            due = pool.reimaging.pop(node)
            pool.nodes = replace(pool.nodes, idle=pool.nodes.idle + 1, starting=pool.nodes.starting - 1)
            for job in jobs:
                found = job.unprepared.pop(node, None)
                if found is not None and found.again:
                    job.unprepared[node] = Unprepared(found.code, unprepared(node, found.code, due), found.again - 1)

    def _end(self, job: FakeJob, reason: str) -> None:
        """Running tasks are ended as failed; waiting ones stay active, as in Batch."""
        job.ended_because = reason
        for task in job.tasks.values():
            if task.running:
                task.running = False
                task.end = TaskEnd(None, "usererror", "TaskEnded", "the job was terminated")

    def _live_pool(self, pool_id: str) -> FakePool:
        if not self._settle(self.pools, pool_id):
            raise Vanished(pool_id, f"pool {pool_id} is not there")
        _refuse_deleting(self.pools[pool_id].gone_at, f"pool {pool_id}")
        return self.pools[pool_id]

    def _known_job(self, job_id: str) -> FakeJob:
        if not self._settle(self.jobs, job_id):
            raise Vanished(job_id, f"job {job_id} is not there")
        return self.jobs[job_id]

    def _live_job(self, job_id: str) -> FakeJob:
        job = self._known_job(job_id)
        _refuse_deleting(job.gone_at, f"job {job_id}")
        if job.ended_because:
            raise Refused("JobCompleted", 409, f"job {job_id} is completed ({job.ended_because})")
        return job


def unprepared(node: str, code: str, ended: datetime) -> NodeError:
    """As the service words it: the platform's fault, unless the program is said to have failed."""
    exit_code, category = (2, "usererror") if code == "FailureExitCode" else (None, "servererror")
    return NodeError(node, "preparationfailed", code, "it was not to be had", category, exit_code, ended)


def _refuse_deleting(gone_at: datetime | None, thing: str) -> None:
    if gone_at:
        raise Transient(f"{thing} is still being deleted")
