"""What a merge works on, and how it reports that it lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from controller.merge.parts import refused
from controller.transfer.crew import Crew
from controller.transfer.fetch import Wanted
from shared.manifest.models import Manifest
from shared.names import JobId, output_container, task_id
from shared.ports import Ports

REQUESTS_PER_BEAT = 64
BYTES_PER_BEAT = 32 * 2**20


@dataclass(frozen=True)
class TaskOutput:
    """One output as it was frozen: `name` below the task's folder in the job's output container."""

    index: int
    name: str
    length: int
    etag: str
    md5: str | None = None


@dataclass(frozen=True)
class MergeTarget:
    """`own`: where the merge commits, `results/<job id>/<name>`; `to`: where it is published, None = nowhere else.
    Both are `container/blob`; with merge.by files, `to` is `container/prefix/`."""

    own: str
    to: str | None
    if_exists: Literal["fail", "replace"]


@dataclass
class Pulse:
    """Calls `beat` once every few seconds of work: after so many requests, or bytes."""

    beat: Callable[[], None]
    _requests: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)

    def moved(self, length: int = 0) -> None:
        """One more request, with so many bytes."""
        self._requests += 1
        self._bytes += length
        if self._requests >= REQUESTS_PER_BEAT or self._bytes >= BYTES_PER_BEAT:
            self._requests = self._bytes = 0
            self.beat()


@dataclass(frozen=True)
class Merging:
    """One merge. `outputs` gives the chosen outputs anew, in ledger order."""

    job: JobId
    manifest: Manifest
    outputs: Callable[[], Iterator[TaskOutput]]
    target: MergeTarget
    ports: Ports
    crew: Crew
    pulse: Pulse

    def wanted(self, output: TaskOutput) -> Wanted:
        """Where an output is, and in which version."""
        task = task_id(output.index)
        return Wanted(task, output_container(self.job), f"{task}/{output.name}", output.etag, output.length)


def changed(task: str) -> Exception:
    """The error for an output that is not what was frozen at the verdict."""
    return refused(task, "it has changed or is gone since the verdict")
