"""Establish what every row came to, and the verdict. Reads lists, never counts; nothing is torn down before.

What is written here (frozen outputs, failures, the board) has names that two workers share or that hold a hash of the
content, so that the saved record always names what it was decided on.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from controller import ledger
from controller.outcome import (
    ACCEPTED,
    FAILED,
    KEPT,
    NOT_RUN,
    SKIPPED,
    Board,
    FailureRow,
    allowed,
    failure_of,
    to_lines,
)
from controller.rules.case import known_units
from controller.steps.blame import stopped_on, tasks_failed
from controller.steps.outputs import judge_outputs
from controller.steps.rerun import Reruns, run_again
from controller.steps.work import Work
from controller.task_end import Fate, fate_of
from shared.actions import Settle
from shared.codes import Warn
from shared.names import STATE, failures_blob, index_of, outcome_blob
from shared.ports import FailedTask
from shared.record import Counts, Record, Verdict, VerdictState, Warned


@dataclass(frozen=True)
class Sums:
    """Units by state of their rows, the reported ones among the failed; and the lines to keep of all but the good."""

    units: Counts
    failures: list[FailureRow]

    @property
    def missing(self) -> int:
        """What counts against failure.tolerated: skipped units do not."""
        return self.units.failed + self.units.not_run


def settle(record: Record, action: Settle, work: Work) -> Record:
    """The record with its verdict; or without, where failed tasks were sent to run again."""
    board = starting_board(record, work)
    board.cancelled = action.how == "cancelled"
    if record.batch_job is None or record.split.done is None or is_lost(record, action, work):
        board.none_ran()
    else:
        again = read_failures(record, board, work, hopeful=action.how == "ended")
        action = stopped(record, board, action, work)
        if again and action.how == "ended":
            return run_again(record, again, work)
        read_unfinished(record, board, work, action)
        record = count_retries(record, work)
    if is_judged(action):
        judge_outputs(record, board, work)
    return conclude(record, action, board, work)


def count_retries(record: Record, work: Work) -> Record:
    """Runs that Batch began again by itself, those of tasks that ended well at last included."""
    total = 0
    for times in work.ports.batch.retries(record.job):
        total += times
        work.save(record)
    return record.model_copy(update={"usage": record.usage.model_copy(update={"retries": total})})


def is_lost(record: Record, action: Settle, work: Work) -> bool:
    """Can no one say how its tasks ended? A cancel or a limit may end a job whose Batch job is gone by then."""
    if action.how in ("cancelled", "stopped"):
        return work.ports.batch.job(record.job) is None
    return action.how == "lost"


def starting_board(record: Record, work: Work) -> Board:
    """Every row as if its task had ended well; of a retry, those that are done already apart."""
    board = Board.of(record.split.rows)
    if record.retry is not None:
        earlier = ledger.earlier(record, work.ports.control)
        for index in range(record.split.rows):
            board.states[index] = KEPT if earlier.keeps(index) else board.states[index]
    return board


def is_judged(action: Settle) -> bool:
    """Does it matter by now what the outputs hold?"""
    return action.how in ("ended", "stopped", "canary")


def read_failures(record: Record, board: Board, work: Work, hopeful: bool) -> list[FailedTask]:
    """Mark the failed tasks; those that may run again are answered instead, where the job still has hope."""
    reruns, again = Reruns(record, work.ports), list[FailedTask]()
    for task in work.ports.batch.failed(record.job):
        if hopeful and reruns.hopeful(task):
            again.append(task)
        index = index_of(task.id)
        counted = replace(task, runs=task.runs + reruns.before(index))
        board.task_failed(index, counted, skipped=fate_of(task, record.plan.manifest) is Fate.SKIPPED)
        work.save(record)
    return again


def stopped(record: Record, board: Board, action: Settle, work: Work) -> Settle:
    """A code of failure.stopOn ends the job whatever is tolerated and whenever it is seen; a cancel, a loss and a pool
    that can run nothing are reasons of their own."""
    if action.how in ("cancelled", "lost") or (action.how == "early" and action.failure is not None):
        return action
    manifest = record.plan.manifest
    first = min((i for i, task in board.tasks.items() if fate_of(task, manifest) is Fate.STOPS), default=None)
    if first is None:
        return action
    return Settle("early", stopped_on(record, first, board.tasks[first], work))


def read_unfinished(record: Record, board: Board, work: Work, action: Settle) -> None:
    """Whatever was not added, or has not ended, did not run."""
    for index in range(record.added, record.split.rows):
        board.states[index] = KEPT if board.states[index] == KEPT else NOT_RUN
    if action.how == "ended":
        return
    for task in work.ports.batch.unfinished(record.job):
        board.states[index_of(task)] = NOT_RUN
        work.save(record)


def conclude(record: Record, action: Settle, board: Board, work: Work) -> Record:
    sums = add_up(record, board, work)
    most = allowed(record.plan.manifest.tolerated, known_units(record) or 0)
    state: VerdictState
    if action.how == "cancelled":
        state, failure = "cancelled", action.failure
    elif action.how in ("lost", "early", "canary") or sums.missing > most:
        state, failure = "failed", action.failure or tasks_failed(record, sums.units.failed, sums.failures, most, work)
    else:
        state, failure = "succeeded", None
    verdict = Verdict(
        at=work.ports.clock.now(),
        state=state,
        outcome=keep(record, board, sums, work),
        tasks=board.task_counts(),
        units=sums.units,
        tasks_succeeded=board.accepted,
        empty_outputs=board.empty_outputs,
        judged=is_judged(action),
        failure=failure,
    )
    warnings = (*record.warnings, *warn(record, action, verdict), *warn_changed(board, verdict))
    usage = record.usage.model_copy(update={"reactivations": Reruns(record, work.ports).total()})
    return record.model_copy(update={"verdict": verdict, "warnings": warnings, "usage": usage})


def warn(record: Record, action: Settle, verdict: Verdict) -> Iterator[Warned]:
    if verdict.state != "succeeded":
        return
    units, total = verdict.units, known_units(record) or 0
    missing = units.failed + units.not_run
    if missing:
        why = f" {action.failure.message}" if action.failure else ""
        skipped = f", {units.skipped} were skipped" if units.skipped else ""
        most = allowed(record.plan.manifest.tolerated, total)
        text = f"{missing} of {total} units failed or did not run (tolerated: {most}){skipped}.{why}"
        yield Warned(code=Warn.INCOMPLETE, message=text)
    elif units.skipped:
        yield Warned(code=Warn.INCOMPLETE, message=f"{units.skipped} of {total} units were skipped (failure.skipOn).")
    if verdict.empty_outputs:
        empty = verdict.empty_outputs
        text = f"{empty} {'task' if empty == 1 else 'tasks'} left an empty output."
        yield Warned(code=Warn.EMPTY_OUTPUTS, message=text)


def warn_changed(board: Board, verdict: Verdict) -> Iterator[Warned]:
    if verdict.state != "succeeded" or not board.changed:
        return
    more = board.changed - len(board.changed_first)
    names = ", ".join(board.changed_first) + (f" and {more} more" if more else "")
    were = "was" if board.changed == 1 else "were"
    text = (
        f"{board.changed} of the input's blobs {were} written again after they were listed and before their tasks had "
        f"ended: {names}. What came of them may be of either version: drop the manifest again to be sure."
    )
    yield Warned(code=Warn.INPUT_CHANGED, message=text)


def add_up(record: Record, board: Board, work: Work) -> Sums:
    """Units by state, from the ledger; the good rows of a job without any bad one need no reading."""
    failures = [row for rows in board.reported.values() for row in rows]
    units = Counter({FAILED: len(failures)})
    if board.accepted < record.split.rows:
        for row in ledger.rows(record, work.ports.control):
            state = board.states[row.index]
            if state in ACCEPTED:
                continue
            units[state] += row.units
            failures.append(failure_of(board, row.index, row.first, row.units))
    failures.sort(key=lambda failure: (failure.index, failure.first))
    return Sums(Counts(failed=units[FAILED], skipped=units[SKIPPED], not_run=units[NOT_RUN]), failures)


def keep(record: Record, board: Board, sums: Sums, work: Work) -> str:
    """Write failures and board; the board's name holds its hash."""
    control = work.ports.control
    control.put(STATE, failures_blob(record.job), to_lines(sums.failures))
    name = outcome_blob(record.job, hashlib.sha256(board.states).hexdigest()[:12])
    control.put(STATE, name, bytes(board.states))
    return name
