"""The transition table: record, picture, now -> one decision. First row that fits wins. Pure.

`docs/lifecycle.md` shows the same rows; a test compares them.
"""

from __future__ import annotations

from datetime import datetime

from controller.budget import Pace
from controller.picture import Picture
from controller.rules import ending, keeping, running, sending, side, starting, stopping
from controller.rules.case import Case, Decision, Row
from shared.errors import Defect
from shared.record import Record


def with_sides(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows of a job, with those of the user's splitter and recombiner, and of the Batch job, at their places."""
    before = {
        "create pool": (side.SPLITTER, sending.CREATE_JOB),
        "end job": (side.LEAVE,),
        "merge": (side.RECOMBINER,),
        "write receipt": (side.PROVE,),
    }
    return tuple(each for row in rows for each in (*before.get(row.name, ()), row))


STARTING, ENDING = with_sides((*starting.ROWS, *sending.ROWS)), with_sides(ending.ROWS)
OPEN: tuple[Row, ...] = (*stopping.ROWS, *keeping.ROWS, *STARTING, *running.ROWS)
"""Before the verdict."""
CLOSING: tuple[Row, ...] = (*stopping.ROWS[1:2], *keeping.ROWS, *ENDING)
"""After it: of the stopping rows only `cancel too late` can still fit."""


def decide(record: Record, seen: Picture, now: datetime, pace: Pace) -> Decision:
    """What to do next with a job that is not archived."""
    case = Case(record, seen, now, pace)
    for row in OPEN if record.verdict is None else CLOSING:
        decision = row.rule(case)
        if decision is not None:
            return Decision(decision.action, decision.record, decision.look, row.name)
    raise Defect(f"{record.job}: no row of the table fits")
