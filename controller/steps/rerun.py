"""Failed tasks while the job runs: send the platform's failures out again, end the job early when too much is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable

from controller import ledger
from controller.outcome import MOST_REACTIVATIONS, allowed, may_run_again
from controller.rules.case import known_units
from controller.steps.work import Work
from shared.names import SHARD_ROWS, STATE, index_of, runs_shard
from shared.ports import FailedTask, Ports
from shared.record import Record


class Reruns:
    """How often each row was sent out again; shards are read once in a pass and written before each reactivation."""

    def __init__(self, record: Record, ports: Ports) -> None:
        self._record, self._ports = record, ports
        self._shards: dict[int, dict[str, int]] = {}

    def hopeful(self, task: FailedTask) -> bool:
        """Did the platform fail, and has the row goes left?"""
        return may_run_again(task) and self._count(index_of(task.id)) < MOST_REACTIVATIONS

    def note(self, index: int) -> None:
        """Count one more go, on disk."""
        shard = index // SHARD_ROWS
        runs = self._runs(shard)
        runs[str(index)] = self._count(index) + 1
        self._ports.control.put(STATE, runs_shard(self._record.job, shard), json.dumps(runs).encode())

    def _count(self, index: int) -> int:
        return self._runs(index // SHARD_ROWS).get(str(index), 0)

    def _runs(self, shard: int) -> dict[str, int]:
        if shard not in self._shards:
            blob = self._ports.control.read(STATE, runs_shard(self._record.job, shard))
            self._shards[shard] = dict(json.loads(blob.content)) if blob else {}
        return self._shards[shard]


def exceeds(record: Record, work: Work) -> tuple[bool, list[FailedTask]]:
    """Have more units failed for good than are tolerated? With the tasks that may run again."""
    most = allowed(record.plan.manifest.tolerated, known_units(record) or 0)
    reruns, again, lost = Reruns(record, work.ports), list[FailedTask](), 0
    for task in work.ports.batch.failed(record.job):
        if reruns.hopeful(task):
            again.append(task)
            continue
        index = index_of(task.id)
        lost += next(ledger.rows(record, work.ports.control, index, index + 1)).units
        if lost > most:
            return True, again
    return False, again


def run_again(record: Record, tasks: Iterable[FailedTask], work: Work) -> Record:
    """Reactivate, counted before it is done. The job is not at its end any more."""
    reruns, sent = Reruns(record, work.ports), 0
    for task in tasks:
        reruns.note(index_of(task.id))
        work.ports.batch.reactivate(record.job, task.id)
        sent += 1
        work.save(record)
    usage = record.usage.model_copy(update={"reactivations": record.usage.reactivations + sent})
    failures_read = max(0, record.failures_read - sent)
    return record.model_copy(update={"usage": usage, "tasks_ended": None, "failures_read": failures_read})
