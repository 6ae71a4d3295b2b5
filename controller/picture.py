"""What a pass saw of the world: one frozen picture, taken before anything is decided. Pure.

Absent things are None. A field is meaningful only where the record says that there is something to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shared.names import JobId
from shared.ports import DefectCount, JobSeen, NodeCounts, NodeError, PoolSeen, TaskCounts


@dataclass(frozen=True)
class InputSeen:
    """Is the input there? `found`: blobs that match by now (only counted where that matters)."""

    ready: bool
    found: int | None = None
    waits_for: str | None = None
    """What is missing, as `container/blob` or the glob."""


@dataclass(frozen=True)
class Line:
    """The jobs that wait for quota, oldest first; no one self-admits before `closed_until`."""

    jobs: tuple[str, ...] = ()
    closed_until: datetime | None = None


@dataclass(frozen=True)
class Picture:
    cancel: bool = False
    input: InputSeen | None = None
    line: Line = field(default_factory=Line)
    paused: bool = False
    pool: PoolSeen | None = None
    nodes: NodeCounts = field(default_factory=NodeCounts)
    node_errors: tuple[NodeError, ...] = ()
    job: JobSeen | None = None
    side_pool: PoolSeen | None = None
    side_job: JobSeen | None = None
    side_ended: bool = False
    """The one task of the splitter or recombiner has completed, by the list."""
    counts: TaskCounts = field(default_factory=TaskCounts)
    unfinished: bool = True
    """Is a task not completed, by the list (asked only when the counts say that all are)?"""
    share: int | None = None
    """On a shared pool: how many tasks of the job may run at once; None = no limit."""
    reported: int = 0
    """Tasks that ended well and report failed units: so many units at least. Counted up to one more than tolerated."""
    input_container: bool = True
    output_container: bool = True
    held_by: tuple[JobId, ...] = ()
    """Retries that need the containers (asked only when these are due to go)."""
    defects: DefectCount | None = None
