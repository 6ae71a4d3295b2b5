"""What a rule is asked about, and what it answers. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.budget import Pace
from controller.picture import Picture
from shared.actions import Action
from shared.record import Counts, Failure, Record, Verdict, VerdictState, Waiting, Warned


@dataclass(frozen=True)
class Decision:
    """One action or none, the record as it is once the action is done, and when to look again."""

    action: Action | None
    record: Record
    look: datetime
    row: str = ""


@dataclass(frozen=True)
class Case:
    """A record, the world beside it, the time."""

    record: Record
    seen: Picture
    now: datetime
    pace: Pace

    def go(self, action: Action | None = None, **facts: Any) -> Decision:
        """Do it, note the facts, and look again at once. Whoever goes on waits no longer."""
        return Decision(action, self.record.model_copy(update={"waiting": (), "throttled": None, **facts}), self.now)

    def wait(self, delay: timedelta, action: Action | None = None, **facts: Any) -> Decision:
        """Look again after `delay`."""
        return Decision(action, self.record.model_copy(update={"throttled": None, **facts}), self.now + delay)

    def hold(self, why: Failure, delay: timedelta, gives_up_at: datetime | None, place: int | None = None) -> Decision:
        """Wait for something outside; `since` stays what it was while the reason is the same."""
        before = next((w.since for w in self.record.waiting if w.code == why.code), self.now)
        waiting = Waiting(**why.model_dump(), since=before, gives_up_at=gives_up_at, place=place)
        return self.wait(delay, waiting=(waiting,))

    def warned(self, code: str) -> bool:
        return any(warning.code == code for warning in self.record.warnings)

    def warnings_with(self, code: str, message: str) -> tuple[Warned, ...]:
        return (*self.record.warnings, Warned(code=code, message=message))

    @property
    def shortest(self) -> timedelta:
        return timedelta(seconds=self.pace.shortest)


Rule = Callable[[Case], Decision | None]


@dataclass(frozen=True)
class Row:
    """One row of the table: when it fits, what it does, and the rule that says so. The words are those of the docs."""

    name: str
    when: str
    does: str
    gains: str
    rule: Rule


def has_rows(record: Record) -> bool:
    """Is there anything to settle: tasks of its own, or rows that a retry has taken over?"""
    sent = record.batch_job is not None and record.split.done is not None
    return sent or (record.retry is not None and record.input is not None)


def verdict_without_rows(record: Record, now: datetime, failure: Failure | None, state: VerdictState) -> Verdict:
    """The verdict of a job that ends before any task ran: all that is known of it has not run."""
    tasks = record.split.rows if record.split.done else (record.input.tasks or 0) if record.input else 0
    return Verdict(
        at=now,
        state=state,
        outcome=None,
        tasks=Counts(not_run=tasks),
        units=Counts(not_run=known_units(record) or 0),
        tasks_succeeded=0,
        failure=failure,
    )


def known_units(record: Record) -> int | None:
    """How many units the job has, as far as is known by now."""
    if record.plan.units is not None:
        return record.plan.units
    if record.plan.unit_kind == "bytes" and record.split.done is None and record.input and not record.input.packed:
        return record.input.bytes  # until the rows are there, which leave a repeated header out
    if record.plan.unit_kind == "blobs":
        return record.input.blobs if record.input else None
    return record.split.units if record.split.done or record.split.rows else None
