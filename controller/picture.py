"""What a pass saw of the world: one frozen picture, taken before anything is decided. Pure.

Absent things are None. A field is meaningful only where the record says that there is something to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from controller.quota import POOLS, Room
from shared.names import JobId
from shared.ports import DefectCount, JobSeen, NodeCounts, NodeError, PoolSeen, Quotas, TaskCounts
from shared.takings import Takings


@dataclass(frozen=True)
class InputSeen:
    """Is the input there? `found`: blobs that match by now (only counted where that matters)."""

    ready: bool
    found: int | None = None
    waits_for: str | None = None
    """What is missing, as `container/blob` or the glob."""


@dataclass(frozen=True)
class Line:
    """The jobs that wait for quota, oldest first; no one is admitted before `closed_until`. `ranks`: all open jobs
    without a running node, oldest first. `rooms`: as counted by the last tick. `quota`: the one that refused last.
    `cores`: until when no one is admitted to such cores, as a job that was before him got none."""

    jobs: tuple[str, ...] = ()
    closed_until: datetime | None = None
    ranks: tuple[str, ...] = ()
    rooms: tuple[Room, ...] = ()
    quota: str | None = None
    cores: Mapping[str, datetime] = field(default_factory=dict)

    def front(self) -> tuple[str, ...]:
        """Those that fit, as far as is known: else the first one, who tries for all."""
        free = [room.free for room in self.rooms if room.free is not None]
        return self.jobs[: min(free, default=1)]

    def lets(self, job: str, now: datetime, cores: tuple[str, ...]) -> bool:
        """May the job, which needs such cores, go on?"""
        if (self.closed_until is not None and now < self.closed_until) or self.lacks(cores, now):
            return False
        return not self.jobs or job in self.front()

    def place(self, job: str) -> int:
        """From 1; who is not in the line yet stands behind all others."""
        order = self.ranks if job in self.ranks else self.jobs
        return order.index(job) + 1 if job in order else len(order) + 1

    def lacks(self, cores: tuple[str, ...], now: datetime) -> bool:
        return any(each in self.cores and now < self.cores[each] for each in cores)

    def room(self, cores: tuple[str, ...], now: datetime) -> Room:
        """Of the quota that is in the way: those cores, or the one that refused last."""
        quota = cores[0] if self.lacks(cores, now) else self.quota or POOLS
        return next((room for room in self.rooms if room.quota == quota), Room(quota, None))


@dataclass(frozen=True)
class Picture:
    cancel: bool = False
    input: InputSeen | None = None
    line: Line = field(default_factory=Line)
    paused: bool = False
    hours: float | None = None
    """Node hours of this UTC day; None where they are not capped."""
    most_hours: float | None = None
    quotas: Quotas | None = None
    """Asked before the admission, and where cores are refused; None where the account cannot be read."""
    core_room: Room | None = None
    """The quota of cores that keeps nodes from the pool."""
    pool: PoolSeen | None = None
    nodes: NodeCounts = field(default_factory=NodeCounts)
    node_errors: tuple[NodeError, ...] = ()
    unprepared: tuple[NodeError, ...] = ()
    """Nodes that could not be made ready for this job (asked only where idle nodes stand beside waiting tasks; on a
    shared pool only where none of its tasks runs)."""
    job: JobSeen | None = None
    side_pool: PoolSeen | None = None
    side_job: JobSeen | None = None
    side_nodes: NodeCounts = field(default_factory=NodeCounts)
    side_node_errors: tuple[NodeError, ...] = ()
    side_unprepared: tuple[NodeError, ...] = ()
    side_ended: bool = False
    """The one task of the splitter or recombiner has completed, by the list."""
    counts: TaskCounts = field(default_factory=TaskCounts)
    unfinished: bool = True
    """Is a task not completed, by the list (asked only when the counts say that all are)?"""
    takings: Takings | None = None
    """Where it matters how often tasks lose their spot nodes: as of this look, and `noted` as of the last one."""
    noted: Takings | None = None
    share: int | None = None
    """On a shared pool: how many tasks of the job may run at once; None = no limit."""
    reported: int = 0
    """Tasks that ended well and report failed units: so many units at least. Counted up to one more than tolerated."""
    input_container: bool = True
    output_container: bool = True
    held_by: tuple[JobId, ...] = ()
    """Retries that need the containers (asked only when these are due to go)."""
    defects: DefectCount | None = None
