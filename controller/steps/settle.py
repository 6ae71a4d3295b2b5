"""Establish what every row came to, and the verdict. Reads lists, never counts; nothing is torn down before.

What is written here (frozen outputs, failures, the board) has names that two workers share or that hold a hash of the
content, so that the saved record always names what it was decided on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from controller import ledger
from controller.outcome import ACCEPTED, FAILED, KEPT, NOT_RUN, Board, FailureRow, allowed, failure_of, to_lines
from controller.rules.case import known_units
from controller.steps.outputs import judge_outputs
from controller.steps.rerun import Reruns, run_again
from controller.steps.work import Work
from shared.actions import Settle
from shared.codes import Code, Warn
from shared.names import LOGS, STATE, failures_blob, index_of, outcome_blob, output_container, task_id
from shared.ports import FailedTask
from shared.record import Counts, Failure, Record, Verdict, VerdictState, Warned

TAIL = 2000
"""Bytes of stderr shown with a failure."""


@dataclass(frozen=True)
class Sums:
    """Units by state of their rows, the reported ones among the failed; and the lines to keep of the failed ones."""

    failed: int
    not_run: int
    failures: list[FailureRow]


def settle(record: Record, action: Settle, work: Work) -> Record:
    """The record with its verdict; or without, where failed tasks were sent to run again."""
    board = starting_board(record, work)
    if action.how == "lost" or record.batch_job is None:
        board.none_ran()
    else:
        again = read_failures(record, board, work, hopeful=action.how == "ended")
        if again:
            return run_again(record, again, work)
        read_unfinished(record, board, work, action)
    if is_judged(action):
        judge_outputs(record, board, work)
    return conclude(record, action, board, work)


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
    return action.how in ("ended", "stopped")


def read_failures(record: Record, board: Board, work: Work, hopeful: bool) -> list[FailedTask]:
    """Mark the failed tasks; those that may run again are answered instead, where the job still has hope."""
    reruns, again = Reruns(record, work.ports), list[FailedTask]()
    for task in work.ports.batch.failed(record.job):
        if hopeful and reruns.hopeful(task):
            again.append(task)
        board.task_failed(index_of(task.id), task)
        work.save(record)
    return again


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
    total = known_units(record) or 0
    missing, most = sums.failed + sums.not_run, allowed(record.plan.manifest.tolerated, total)
    state: VerdictState
    if action.how == "cancelled":
        state, failure = "cancelled", action.failure
    elif action.how in ("lost", "early") or missing > most:
        state, failure = "failed", action.failure or tasks_failed(record, sums, most, work)
    else:
        state, failure = "succeeded", None
    verdict = Verdict(
        at=work.ports.clock.now(),
        state=state,
        outcome=keep(record, board, sums, work),
        tasks=board.task_counts(),
        units=Counts(failed=sums.failed, not_run=sums.not_run),
        tasks_succeeded=board.accepted,
        empty_outputs=board.empty_outputs,
        judged=is_judged(action),
        failure=failure,
    )
    warnings = (*record.warnings, *warn(action, verdict, missing, most, total))
    return record.model_copy(update={"verdict": verdict, "warnings": warnings})


def warn(action: Settle, verdict: Verdict, missing: int, most: int, total: int) -> Iterator[Warned]:
    if verdict.state == "succeeded" and missing:
        why = f" {action.failure.message}" if action.failure else ""
        text = f"{missing} of {total} units failed or did not run (tolerated: {most}).{why}"
        yield Warned(code=Warn.INCOMPLETE, message=text)
    if verdict.state == "succeeded" and verdict.empty_outputs:
        yield Warned(code=Warn.EMPTY_OUTPUTS, message=f"{verdict.empty_outputs} tasks left an empty output.")


def add_up(record: Record, board: Board, work: Work) -> Sums:
    """Units by state, from the ledger; the good rows of a job without any bad one need no reading."""
    failures = [row for rows in board.reported.values() for row in rows]
    failed, not_run = len(failures), 0
    if board.accepted < record.split.rows:
        for row in ledger.rows(record, work.ports.control):
            state = board.states[row.index]
            if state in ACCEPTED:
                continue
            failed += row.units if state == FAILED else 0
            not_run += row.units if state == NOT_RUN else 0
            failures.append(failure_of(board, row.index, row.first, row.units))
    failures.sort(key=lambda failure: (failure.index, failure.first))
    return Sums(failed, not_run, failures)


def keep(record: Record, board: Board, sums: Sums, work: Work) -> str:
    """Write failures and board; the board's name holds its hash."""
    control = work.ports.control
    control.put(STATE, failures_blob(record.job), to_lines(sums.failures))
    name = outcome_blob(record.job, hashlib.sha256(board.states).hexdigest()[:12])
    control.put(STATE, name, bytes(board.states))
    return name


def tasks_failed(record: Record, sums: Sums, most: int, work: Work) -> Failure:
    """Why the job failed, by its first failed task: exit code, runs and the end of its stderr."""
    first = next((row for row in sums.failures if row.runs is not None), sums.failures[0])
    task = task_id(first.index)
    runs = f" after {first.runs} runs" if first.runs else ""
    return Failure(
        code=cause(first),
        message=f"{sums.failed} units failed, {most} are tolerated. First: task {task}, {first.message}{runs}.",
        next="Correct the program or the input and drop the manifest again, or raise failure.tolerated.",
        evidence={"exitCode": first.exit_code, "runs": first.runs, "stderr": stderr_tail(record, first.index, work)},
        task=task,
    )


def cause(first: FailureRow) -> Code:
    """An image that cannot be pulled is told by name."""
    if first.message.startswith("ContainerInvalidRegistry"):
        return Code.REGISTRY_AUTH
    return Code.IMAGE_PULL if first.message.startswith("ContainerInvalidImage") else Code.TASKS_FAILED


def stderr_tail(record: Record, index: int, work: Work) -> str | None:
    """The end of what a failed task wrote to stderr; None where there is nothing."""
    return tail_of(output_container(record.job), f"{LOGS}/{task_id(index)}/stderr.txt", work)


def tail_of(container: str, name: str, work: Work) -> str | None:
    """The last bytes of a text; None where there is none."""
    item = work.ports.work.head(container, name)
    if item is None or item.length == 0:
        return None
    chunks = work.ports.work.stream(container, name, etag=item.etag, offset=max(0, item.length - TAIL))
    return b"".join(chunks).decode("utf-8", "replace")
