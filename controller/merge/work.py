"""What a merge works on, and how it reports that it lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from controller.merge.outputs import TaskOutput
from controller.merge.parts import refused
from controller.merge.sizes import Sizes
from controller.transfer.crew import Crew
from controller.transfer.fetch import Wanted
from shared.manifest.models import Manifest
from shared.names import JOB_KEY, JobId, output_container, task_id
from shared.ports import BlobItem, Ports
from shared.record import MergeCursor

BYTES_PER_BEAT = 32 * 2**20


@dataclass(frozen=True)
class MergeTarget:
    """`own`: where the merge commits, `results/<job id>/<name>`; `to`: where it is published, None = nowhere else.
    Both are `container/blob`; with merge.by files, `to` is `container/prefix/`. `replaces`: jobs whose published result
    gives way whatever `if_exists` says."""

    own: str
    to: str | None
    if_exists: Literal["fail", "replace"]
    replaces: tuple[JobId, ...] = ()

    def may_replace(self, there: BlobItem) -> bool:
        """May a blob that is no result of this job be written over?"""
        return self.if_exists == "replace" or there.metadata.get(JOB_KEY) in self.replaces


@dataclass
class Pulse:
    """Calls `beat` with how far the merge has come, every few seconds of work: after so many requests, or bytes."""

    beat: Callable[[MergeCursor], None]
    cursor: MergeCursor
    most: int
    """Requests between two beats."""
    _requests: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)

    def moved(self, length: int = 0, requests: int = 1) -> None:
        """So many more requests, with so many bytes."""
        self._requests += requests
        self._bytes += length
        if self._requests >= self.most or self._bytes >= BYTES_PER_BEAT:
            self._requests = self._bytes = 0
            self.beat(self.cursor)


@dataclass(frozen=True)
class Merging:
    """One merge. `outputs` gives the chosen outputs anew, in ledger order; `tasks`: how many tasks must have some."""

    job: JobId
    manifest: Manifest
    outputs: Callable[[], Iterator[TaskOutput]]
    target: MergeTarget
    ports: Ports
    crew: Crew
    pulse: Pulse
    sizes: Sizes = field(default_factory=Sizes)
    tasks: int | None = None

    @property
    def by(self) -> str:
        return self.manifest.merge.by

    def wanted(self, output: TaskOutput, start: int = 0) -> Wanted:
        """Where an output is, and in which version."""
        task = task_id(output.index)
        container = output.container or output_container(self.job)
        return Wanted(task, container, f"{task}/{output.name}", output.etag, output.length, start)


def changed(task: str) -> Exception:
    """The error for an output that is not what was frozen at the verdict."""
    return refused(task, "it has changed or is gone since the verdict")
