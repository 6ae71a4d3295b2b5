"""Failed tasks while the job runs: what they come to so far, and sending out again those that may run again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from controller import ledger, spot
from controller.outcome import allowed
from controller.rules.case import known_units
from controller.steps.work import Work
from controller.task_end import Fate, fate_of
from controller.threads import each
from shared.names import SHARD_ROWS, STATE, index_of, runs_shard
from shared.ports import FailedTask, Ports
from shared.record import Record, SoFar

MOST_REACTIVATIONS = 3
"""After failures of the platform. What a program ends with has the manifest's limit."""
WAVE = 200
AT_ONCE = 8
"""Requests under way."""


@dataclass(frozen=True)
class Goes:
    """How often a row was sent out again, by fate; `ended`: the end that the last go was given for."""

    broken: int = 0
    repeated: int = 0
    ended: str | None = None

    @property
    def all(self) -> int:
        return self.broken + self.repeated

    def one_more(self, fate: Fate, ended: str | None) -> Goes:
        if fate is Fate.BROKEN:
            return replace(self, broken=self.broken + 1, ended=ended)
        return replace(self, repeated=self.repeated + 1, ended=ended)

    @classmethod
    def of(cls, noted: int | list[Any]) -> Goes:
        """An earlier version noted the first number alone."""
        return cls(noted) if isinstance(noted, int) else cls(*noted)


class Reruns:
    """The goes of each row; shards are read once in a pass and written before each reactivation, so that no crash
    gives away more than there are. One end counts once, however often it takes to send the task out again."""

    def __init__(self, record: Record, ports: Ports) -> None:
        self._record, self._ports = record, ports
        self._manifest = record.plan.manifest
        self._shards: dict[int, dict[str, Goes]] = {}

    def hopeful(self, task: FailedTask) -> bool:
        """May it run again, and has it goes left?"""
        fate, goes = fate_of(task, self._manifest), self._of(index_of(task.id))
        if fate is Fate.BROKEN:
            return goes.broken < MOST_REACTIVATIONS or self._is_noted(task)
        return fate is Fate.REPEATED and (
            goes.repeated < self._manifest.limits.max_task_retry_count or self._is_noted(task)
        )

    def note(self, tasks: Sequence[FailedTask]) -> None:
        """Count one more go of each, on disk."""
        new = [task for task in tasks if not self._is_noted(task)]
        for task in new:
            index = index_of(task.id)
            goes = self._of(index).one_more(fate_of(task, self._manifest), end_of(task))
            self._known(index // SHARD_ROWS)[str(index)] = goes
        for shard in sorted({index_of(task.id) // SHARD_ROWS for task in new}):
            known = {row: list(vars(goes).values()) for row, goes in self._known(shard).items()}
            self._ports.control.put(STATE, runs_shard(self._record.job, shard), json.dumps(known).encode())

    def before(self, index: int) -> int:
        """How often the row was sent out again: runs that its task, counted anew each time, does not know."""
        return self._of(index).all

    def total(self) -> int:
        """Of all rows."""
        shards = range(-(-self._record.split.rows // SHARD_ROWS))
        return sum(goes.all for shard in shards for goes in self._known(shard).values())

    def _is_noted(self, task: FailedTask) -> bool:
        """Was a go counted for this very end, and never begun?"""
        return task.ended is not None and self._of(index_of(task.id)).ended == end_of(task)

    def _of(self, index: int) -> Goes:
        return self._known(index // SHARD_ROWS).get(str(index), Goes())

    def _known(self, shard: int) -> dict[str, Goes]:
        if shard not in self._shards:
            blob = self._ports.control.read(STATE, runs_shard(self._record.job, shard))
            found = json.loads(blob.content) if blob else {}
            self._shards[shard] = {row: Goes.of(noted) for row, noted in found.items()}
        return self._shards[shard]


def end_of(task: FailedTask) -> str | None:
    return task.ended.isoformat() if task.ended else None


@dataclass
class Review:
    """What the failed tasks come to: `over` when the job must end, by a code of stopOn or by too many units."""

    so_far: SoFar = field(default_factory=SoFar)
    again: list[FailedTask] = field(default_factory=list)
    retries: int = 0
    """Of the failed tasks: those of others are counted at the end."""
    over: bool = False


def review(record: Record, work: Work) -> Review:
    """Read the failed tasks; no further than to the one that ends the job."""
    manifest, found = record.plan.manifest, Review()
    most = allowed(manifest.tolerated, known_units(record) or 0)
    reruns, units = Reruns(record, work.ports), ledger.units_by_row(record, work.ports.control)
    for task in work.ports.batch.failed(record.job):
        fate = fate_of(task, manifest)
        found.retries += task.runs - 1
        if fate is Fate.STOPS:
            return Review(over=True)
        if reruns.hopeful(task):
            found.again.append(task)
        else:
            found.so_far = counted(found.so_far, units(index_of(task.id)), skipped=fate is Fate.SKIPPED)
        if found.so_far.failed > most:
            return Review(over=True)
        work.save(record)
    return found


def counted(so_far: SoFar, units: int, *, skipped: bool) -> SoFar:
    if not skipped:
        return so_far.model_copy(update={"failed": so_far.failed + units})
    return so_far.model_copy(
        update={"skipped": so_far.skipped + units, "skipped_tasks": so_far.skipped_tasks + 1},
    )


def run_again(record: Record, tasks: Sequence[FailedTask], work: Work) -> Record:
    """Reactivate, counted before it is done. The job is not at its end any more."""
    reruns, rest = Reruns(record, work.ports), iter(tasks)
    while wave := list(islice(rest, WAVE)):
        reruns.note(wave)
        spot.forget(work.ports.control, record, [index_of(task.id) for task in wave])
        each(AT_ONCE, lambda task: work.ports.batch.reactivate(record.job, task.id), wave)
        work.save(record)
    usage = record.usage.model_copy(update={"reactivations": record.usage.reactivations + len(tasks)})
    failures_read = max(0, record.failures_read - len(tasks))
    return record.model_copy(update={"usage": usage, "tasks_ended": None, "failures_read": failures_read})
