"""Failed tasks while the job runs: what they come to so far, and sending out again those that may run again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from controller import ledger
from controller.outcome import allowed
from controller.rules.case import known_units
from controller.steps.work import Work
from controller.task_end import Fate, fate_of
from shared.names import SHARD_ROWS, STATE, index_of, runs_shard
from shared.ports import FailedTask, Ports
from shared.record import Record, SoFar

MOST_REACTIVATIONS = 3
"""After failures of the platform. What a program ends with has the manifest's limit."""
KINDS = (Fate.BROKEN, Fate.REPEATED)


class Reruns:
    """How often each row was sent out again, and why; shards are read once in a pass and written before each
    reactivation: row -> [after failures of the platform, after exit codes]."""

    def __init__(self, record: Record, ports: Ports) -> None:
        self._record, self._ports = record, ports
        self._manifest = record.plan.manifest
        self._shards: dict[int, dict[str, list[int]]] = {}

    def hopeful(self, task: FailedTask) -> bool:
        """May it run again, and has it goes left?"""
        fate = fate_of(task, self._manifest)
        if fate not in KINDS:
            return False
        most = MOST_REACTIVATIONS if fate is Fate.BROKEN else self._manifest.limits.max_task_retry_count
        return self._of(index_of(task.id))[KINDS.index(fate)] < most

    def note(self, task: FailedTask) -> None:
        """Count one more go, on disk."""
        index = index_of(task.id)
        goes = self._of(index)
        goes[KINDS.index(fate_of(task, self._manifest))] += 1
        shard = index // SHARD_ROWS
        self._shards[shard][str(index)] = goes
        content = json.dumps(self._shards[shard]).encode()
        self._ports.control.put(STATE, runs_shard(self._record.job, shard), content)

    def before(self, index: int) -> int:
        """How often the row was sent out again: runs that its task, counted anew each time, does not know."""
        return sum(self._of(index))

    def _of(self, index: int) -> list[int]:
        shard = index // SHARD_ROWS
        if shard not in self._shards:
            blob = self._ports.control.read(STATE, runs_shard(self._record.job, shard))
            found = json.loads(blob.content) if blob else {}
            self._shards[shard] = {row: as_goes(goes) for row, goes in found.items()}
        return list(self._shards[shard].get(str(index), (0, 0)))


def as_goes(noted: int | list[int]) -> list[int]:
    """An earlier version noted the first number alone."""
    return [noted, 0] if isinstance(noted, int) else noted


@dataclass
class Review:
    """What the failed tasks come to: `over` when the job must end, by a code of stopOn or by too many units."""

    so_far: SoFar = field(default_factory=SoFar)
    again: list[FailedTask] = field(default_factory=list)
    over: bool = False


def review(record: Record, work: Work) -> Review:
    """Read the failed tasks; no further than to the one that ends the job."""
    manifest, found = record.plan.manifest, Review()
    most = allowed(manifest.tolerated, known_units(record) or 0)
    reruns, units = Reruns(record, work.ports), ledger.units_by_row(record, work.ports.control)
    for task in work.ports.batch.failed(record.job):
        fate = fate_of(task, manifest)
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


def run_again(record: Record, tasks: Iterable[FailedTask], work: Work) -> Record:
    """Reactivate, counted before it is done. The job is not at its end any more."""
    reruns, sent = Reruns(record, work.ports), 0
    for task in tasks:
        reruns.note(task)
        work.ports.batch.reactivate(record.job, task.id)
        sent += 1
        work.save(record)
    usage = record.usage.model_copy(update={"reactivations": record.usage.reactivations + sent})
    failures_read = max(0, record.failures_read - sent)
    return record.model_copy(update={"usage": usage, "tasks_ended": None, "failures_read": failures_read})
