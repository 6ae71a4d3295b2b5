"""Why a job failed, by the first of its tasks that did: what it ended with, and the end of its stderr. Shell."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from controller.outcome import FailureRow
from controller.rules.conditions import NEXT, NODE_CODES
from controller.steps.work import Work
from controller.task_end import message_of
from shared.codes import ENDED_WELL, Code, Reason
from shared.errors import Refused, Vanished
from shared.logs import note
from shared.names import LOGS, output_container, task_id
from shared.ports import FailedTask
from shared.record import Failure, Record
from shared.veil import VEIL

log = logging.getLogger("batchdrop.blame")
TAIL = 2000
"""Bytes of stderr shown with a failure."""
CORRECT = "Correct the program or the input and drop the manifest again, or raise failure.tolerated."
LONGER = "Raise limits.taskTimeout, or give a task less to do, and drop the manifest again; or raise failure.tolerated."
LOOK = "Correct the program or the input and drop the manifest again (logs: all shows what tasks print that end well)"


def tasks_failed(record: Record, units: int, rows: Sequence[FailureRow], most: int, work: Work) -> Failure:
    """Too many units failed: the first failed task says what with."""
    first = first_failed(rows)
    task, code = task_id(first.index), cause(first)
    return Failure(
        code=code,
        message=f"{too_many(units, most)}. First: task {task}, {first.message}{after(first.runs)}.",
        next=NEXT.get(code, way_out(first.reason)),
        evidence=evidence(record, first.index, first.exit_code, first.runs, work),
        task=task,
    )


def too_many(units: int, most: int) -> str:
    return f"{units} {'unit' if units == 1 else 'units'} failed, {most} {'is' if most == 1 else 'are'} tolerated"


def way_out(reason: str) -> str:
    """What to do about tasks that failed for this reason."""
    if reason == Reason.TASK_TIMEOUT:
        return LONGER
    return f"{LOOK}, or raise failure.tolerated." if reason in ENDED_WELL else CORRECT


def first_failed(rows: Sequence[FailureRow]) -> FailureRow:
    """A task that ran, before one whose output was wrong; what was skipped or did not run is no failure."""
    failed = [row for row in rows if row.reason not in (Reason.SKIPPED, Reason.NOT_RUN)] or rows
    return next((row for row in failed if row.runs is not None), failed[0])


def stopped_on(record: Record, index: int, task: FailedTask, work: Work) -> Failure:
    """A code of failure.stopOn."""
    said = f"Task {task.id}: {message_of(task)}{after(task.runs)}"
    return Failure(
        code=Code.STOPPED_ON,
        message=f"{said}; failure.stopOn ends the job on {task.exit_code}.",
        next="Correct what that code stands for. A copy of links.retry in jobs/ runs what failed or did not run.",
        evidence=evidence(record, index, task.exit_code, task.runs, work),
        task=task.id,
    )


def canary_failed(record: Record, row: FailureRow, work: Work) -> Failure:
    """The one task that was tried first."""
    task, code = task_id(row.index), cause(row)
    return Failure(
        code=code,
        message=f"The canary, task {task}, failed: {row.message}{after(row.runs)}. No other task was started.",
        next=NEXT.get(code, "Correct the program, its image or the input and drop the manifest again."),
        evidence=evidence(record, row.index, row.exit_code, row.runs, work),
        task=task,
    )


def evidence(
    record: Record, index: int, exit_code: int | None, runs: int | None, work: Work
) -> dict[str, str | int | float | None]:
    return {"exitCode": exit_code, "runs": runs, "stderr": stderr_tail(record, index, work)}


def after(runs: int | None) -> str:
    """How often it ran, where that is known."""
    return "" if not runs else " after 1 run" if runs == 1 else f" after {runs} runs"


def cause(first: FailureRow) -> Code:
    """What the platform says of a node, an image or a registry is told by name."""
    return NODE_CODES.get(first.message.partition(":")[0], Code.TASKS_FAILED)


def stderr_tail(record: Record, index: int, work: Work) -> str | None:
    """The end of what a failed task wrote to stderr; None where there is nothing."""
    return tail_of(output_container(record.job), f"{LOGS}/{task_id(index)}/stderr.txt", work)


def tail_of(container: str, name: str, work: Work) -> str | None:
    """The last bytes of a text; None where there is none, or storage does not give it: no verdict waits for that."""
    try:
        item = work.ports.work.head(container, name)
        if item is None or item.length == 0:
            return None
        chunks = work.ports.work.stream(container, name, etag=item.etag, offset=max(0, item.length - TAIL))
        return VEIL.over(b"".join(chunks).decode("utf-8", "replace"))
    except (Refused, Vanished) as refused:
        note(log, "stderr cannot be read", logging.WARNING, blob=name, why=refused)
        return None
