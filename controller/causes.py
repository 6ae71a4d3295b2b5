"""What failed, grouped by its cause: a reason and, where a program ended by itself, its exit code. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from controller.outcome import FailureRow
from shared.codes import ENDED_WELL
from shared.names import task_id

LISTED = 20
LOGGED = 100
"""So many tasks have their logs kept, unless all are asked for."""
Key = tuple[str, int | None]


class Cause(TypedDict):
    """One cause in result.json: how much it cost, and the first task that met it."""

    reason: str
    exitCode: int | None
    message: str
    tasks: int
    units: int
    first: str


def key_of(row: FailureRow) -> Key:
    return row.reason, row.exit_code


def causes_of(rows: Iterable[FailureRow]) -> list[Cause]:
    """The causes, the one that cost most units first."""
    found: dict[Key, Cause] = {}
    tasks: dict[Key, set[int]] = {}
    for row in rows:
        key = key_of(row)
        first = Cause(
            reason=row.reason, exitCode=row.exit_code, message=row.message, tasks=0, units=0, first=task_id(row.index)
        )
        cause = found.setdefault(key, first)
        cause["units"] += row.count
        tasks.setdefault(key, set()).add(row.index)
        cause["tasks"] = len(tasks[key])
    return sorted(found.values(), key=lambda cause: -cause["units"])


def spread(rows: Sequence[FailureRow], most: int) -> list[FailureRow]:
    """At most `most` of them: one of each cause, then the first ones."""
    firsts: dict[Key, int] = {}
    for place, row in enumerate(rows):
        firsts.setdefault(key_of(row), place)
    chosen = sorted(firsts.values())[:most]
    taken = set(chosen)
    chosen += [place for place in range(min(len(rows), most + len(taken))) if place not in taken][: most - len(chosen)]
    return [rows[place] for place in sorted(chosen)]


def shown(rows: Sequence[FailureRow]) -> list[FailureRow]:
    """Those that result.json lists, by cause."""
    chosen = spread(rows, LISTED)
    order = {key: place for place, key in enumerate(dict.fromkeys(map(key_of, chosen)))}
    return sorted(chosen, key=lambda row: order[key_of(row)])


def has_logs(row: FailureRow, *, every: bool) -> bool:
    """Did its task run and leave logs? One that ended well, and whose output is wrong, only where `every` task does."""
    return row.runs is not None or (every and row.reason in ENDED_WELL)


def logged(rows: Sequence[FailureRow], *, every: bool) -> set[int]:
    """Tasks that ran and failed whose logs are kept: of each cause one at least, as far as they reach. `every`: logs
    are kept of all tasks; these are then the ones whose stderr is shown."""
    each = list({row.index: row for row in reversed(rows) if has_logs(row, every=every)}.values())
    return {row.index for row in spread(sorted(each, key=lambda row: row.index), LOGGED)}
