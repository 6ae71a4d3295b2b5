"""The one task that is tried before all others: did it end well, outputs included? May be asked twice."""

from __future__ import annotations

from dataclasses import replace

from controller import ledger
from controller.earlier import Earlier
from controller.outcome import Board, FailureRow, allowed, failure_of
from controller.rules.case import known_units
from controller.steps.blame import canary_failed
from controller.steps.outputs import Judging
from controller.steps.reports import find_reports
from controller.steps.rerun import Reruns, run_again
from controller.steps.settle import settle
from controller.steps.work import Work
from controller.task_end import Fate, fate_of
from shared.actions import Settle
from shared.ports import FailedTask
from shared.record import Record


def judge(record: Record, work: Work) -> Record:
    """It passed, runs again, or ends the job. A task that says itself that its units are to be skipped has passed."""
    failed = next(iter(work.ports.batch.failed(record.job)), None)
    if failed is not None:
        return judge_failed(record, failed, work)
    wrong = wrong_output(record, work)
    return passed(record, work) if wrong is None else give_up(record, wrong, work)


def judge_failed(record: Record, task: FailedTask, work: Work) -> Record:
    reruns, fate = Reruns(record, work.ports), fate_of(task, record.plan.manifest)
    if reruns.hopeful(task):
        return run_again(record, [task], work)
    if fate is Fate.SKIPPED:
        return passed(record, work)
    if fate is Fate.STOPS:
        return settle(record, Settle("early"), work)
    board, index = Board.of(record.split.rows), record.added - 1
    board.task_failed(index, replace(task, runs=task.runs + reruns.before(index)))
    return give_up(record, failure_of(board, index, 0, 0), work)


def wrong_output(record: Record, work: Work) -> FailureRow | None:
    """What is wrong with what it left, or too many of its units by its own report."""
    index = record.added - 1
    board = Board.of(record.split.rows)
    judging = Judging(record, board, work, Earlier(bytes(record.split.rows)))
    judging.reports.update(find_reports(record, board, work))
    judging.judge(next(ledger.rows(record, work.ports.control, index, index + 1, sources=True)))
    if index in board.reasons:
        return failure_of(board, index, 0, 0)
    reported = board.reported.get(index, [])
    most = allowed(record.plan.manifest.tolerated, known_units(record) or 0)
    if len(reported) <= most:
        return None
    message = f"it reports {len(reported)} failed units, {most} are tolerated: {reported[0].message}"
    return replace(reported[0], message=message)


def passed(record: Record, work: Work) -> Record:
    return record.model_copy(update={"canary": record.canary.model_copy(update={"passed": work.now})})


def give_up(record: Record, wrong: FailureRow, work: Work) -> Record:
    return settle(record, Settle("canary", canary_failed(record, wrong, work)), work)
