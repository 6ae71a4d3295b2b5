"""Failed tasks while the job runs: send the platform's failures out again, end the job early when too much is lost."""

from __future__ import annotations

import json

from controller import ledger
from controller.outcome import MOST_REACTIVATIONS, allowed, may_run_again
from controller.rules.case import known_units
from controller.steps.work import Work
from shared.names import SHARD_ROWS, STATE, index_of, runs_shard
from shared.ports import FailedTask, Ports
from shared.record import Record


def exceeds(record: Record, work: Work) -> tuple[bool, list[FailedTask]]:
    """Have more units failed for good than are tolerated? With the tasks that may run again."""
    most = allowed(record.plan.manifest.tolerated, known_units(record) or 0)
    again, lost = [], 0
    for task in work.ports.batch.failed(record.job):
        if may_run_again(task) and reactivations(record, index_of(task.id), work.ports) < MOST_REACTIVATIONS:
            again.append(task)
            continue
        lost += units_of(record, index_of(task.id), work)
        if lost > most:
            return True, again
    return False, again


def units_of(record: Record, index: int, work: Work) -> int:
    return next(ledger.rows(record, work.ports.control, index, index + 1)).units


def run_again(record: Record, tasks: list[FailedTask], work: Work) -> Record:
    """Reactivate, counted before it is done; a task that had its three goes stays failed."""
    sent = 0
    for task in tasks:
        if count_reactivation(record, index_of(task.id), work.ports):
            work.ports.batch.reactivate(record.job, task.id)
            sent += 1
            work.save(record)
    usage = record.usage.model_copy(update={"reactivations": record.usage.reactivations + sent})
    return record.model_copy(update={"usage": usage, "tasks_ended": None, "failures_read": 0 if sent else len(tasks)})


def reactivations(record: Record, index: int, ports: Ports) -> int:
    return read_runs(record, index // SHARD_ROWS, ports).get(str(index), 0)


def count_reactivation(record: Record, index: int, ports: Ports) -> bool:
    """Note one more; False when the task has had its share."""
    shard = index // SHARD_ROWS
    runs = read_runs(record, shard, ports)
    if runs.get(str(index), 0) >= MOST_REACTIVATIONS:
        return False
    runs[str(index)] = runs.get(str(index), 0) + 1
    ports.control.put(STATE, runs_shard(record.job, shard), json.dumps(runs).encode())
    return True


def read_runs(record: Record, shard: int, ports: Ports) -> dict[str, int]:
    blob = ports.control.read(STATE, runs_shard(record.job, shard))
    return dict(json.loads(blob.content)) if blob else {}
