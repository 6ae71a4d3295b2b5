"""What each ledger row came to: one byte a row, and a line for each failed unit range. Pure.

The sum holds by construction: a row is in exactly one state, and the units that a task which ended well reports are
counted once, as failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import floor

from controller.task_end import MESSAGE_LIMIT, message_of, reason_of, skipped_message
from shared.codes import Reason
from shared.manifest.models import Tolerance
from shared.ports import FailedTask
from shared.record import Counts

GOOD, FAILED, SKIPPED, NOT_RUN, KEPT = 0, 1, 2, 3, 4
"""KEPT: of a retry, a row whose outputs are those that an earlier job left."""
ACCEPTED = (GOOD, KEPT)
NAMED = 5
"""Blobs that are named where there are more."""


@dataclass(frozen=True)
class FailureRow:
    """One failed unit range: units `first` to `first + count - 1`, job-wide."""

    index: int
    first: int
    count: int
    reason: str
    exit_code: int | None
    runs: int | None
    message: str


@dataclass
class Board:
    """The states of all rows while they are being established, and what is said of the bad ones."""

    states: bytearray
    tasks: dict[int, FailedTask] = field(default_factory=dict)
    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Row -> (reason, message) where the task itself ended well."""
    reported: dict[int, list[FailureRow]] = field(default_factory=dict)
    """Row -> units that a task which ended well says have failed."""
    empty_outputs: int = 0
    changed: int = 0
    """Blobs that were written again after they were listed, and before the task that read them was done."""
    changed_first: list[str] = field(default_factory=list)
    cancelled: bool = False
    """Is that why rows have not run?"""

    @classmethod
    def of(cls, rows: int, state: int = GOOD) -> Board:
        return cls(bytearray([state]) * rows)

    def task_failed(self, index: int, task: FailedTask, *, skipped: bool = False) -> None:
        self.states[index] = SKIPPED if skipped else FAILED
        self.tasks[index] = task

    def row_failed(self, index: int, reason: Reason, message: str) -> None:
        self.states[index] = FAILED
        self.reasons[index] = (reason, message)
        self.reported.pop(index, None)

    def source_changed(self, name: str) -> None:
        self.changed += 1
        if len(self.changed_first) < NAMED:
            self.changed_first.append(name)

    def count(self, state: int) -> int:
        return self.states.count(state)

    @property
    def accepted(self) -> int:
        return sum(map(self.count, ACCEPTED))

    def none_ran(self) -> None:
        """All that is not done by an earlier job has not run."""
        self.states = bytearray(state if state == KEPT else NOT_RUN for state in self.states)

    def fall_back(self, index: int, reported: list[FailureRow]) -> None:
        """The row counts as the earlier job left it."""
        self.states[index] = KEPT
        self.tasks.pop(index, None)
        self.reasons.pop(index, None)
        self.reported[index] = reported

    def task_counts(self) -> Counts:
        return Counts(failed=self.count(FAILED), skipped=self.count(SKIPPED), not_run=self.count(NOT_RUN))


def failure_of(board: Board, index: int, first: int, units: int) -> FailureRow:
    """The line of a row that failed, was skipped or did not run."""
    if index in board.reasons:
        reason, message = board.reasons[index]
        return FailureRow(index, first, units, reason, None, None, message)
    task = board.tasks.get(index)
    if task is None:
        reason = Reason.CANCELLED if board.cancelled else Reason.NOT_RUN
        message = f"the job {'was cancelled' if board.cancelled else 'ended'} before this task ran to its end"
        return FailureRow(index, first, units, reason, None, None, message)
    skipped = board.states[index] == SKIPPED
    reason = Reason.SKIPPED if skipped else reason_of(task)
    message = skipped_message(task) if skipped else message_of(task)
    return FailureRow(index, first, units, reason, task.exit_code, task.runs, message)


def allowed(tolerance: Tolerance, total: int) -> int:
    """How many units may be missing: a percent is rounded down."""
    if tolerance.percent is not None:
        return floor(total * tolerance.percent / 100 + 1e-9)
    return tolerance.units or 0


def to_lines(failures: Iterable[FailureRow]) -> bytes:
    return b"".join(json.dumps(vars(row), ensure_ascii=False).encode() + b"\n" for row in failures)


def from_lines(content: bytes) -> list[FailureRow]:
    return [FailureRow(**json.loads(line)) for line in content.splitlines()]


def reported_units(content: bytes, units: int) -> dict[int, str] | str:
    """Unit -> error of a task's report; a string says what is wrong with the report, and the whole task failed."""
    found: dict[int, str] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            unit, error = row["unit"], str(row.get("error", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return f'line {number} of its report is not {{"unit": <index>, "error": "..."}}'
        if not isinstance(unit, int) or isinstance(unit, bool) or not 0 <= unit < units:
            return f"line {number} of its report names unit {repr(unit)[:60]}; the task has units 0 to {units - 1}"
        found[unit] = error[:MESSAGE_LIMIT]
    return found
