"""Nodes over time as text: what a test shows when it fails, and what docs/autoscale.md shows."""

from __future__ import annotations

from collections.abc import Sequence

from tests.autoscale.scene import Moment

COLUMNS = 72
SPOT, DEDICATED, IDLE, WANTED = "#", "D", ".", "-"


def chart(seen: Sequence[Moment], columns: int = COLUMNS) -> str:
    """A column for each span of time: nodes that work (`#` spot, `D` dedicated), nodes that do not `.`, nodes that are
    wanted `-`; below, the tasks that wait or run."""
    shown = spread(seen, columns)
    tallest = max((max(each.nodes, each.target) for each in shown), default=0)
    rows = [row(shown, level) for level in range(tallest, 0, -1)]
    return "\n".join((*rows, "    +" + "-" * len(shown), *scale(shown)))


def spread(seen: Sequence[Moment], columns: int) -> list[Moment]:
    """One moment for each column, the busiest of its span."""
    size = max(1, -(-len(seen) // columns))
    return [max(seen[first : first + size], key=lambda each: each.nodes) for first in range(0, len(seen), size)]


def row(shown: Sequence[Moment], level: int) -> str:
    return f"{level:3} |" + "".join(mark(each, level) for each in shown).rstrip()


def mark(moment: Moment, level: int) -> str:
    if moment.working >= level:
        return DEDICATED if moment.dedicated >= level else SPOT
    if moment.nodes >= level:
        return IDLE
    return WANTED if moment.target >= level else " "


def scale(shown: Sequence[Moment]) -> tuple[str, str]:
    """Minutes, and tasks that are not done, under every twelfth column."""
    places = range(0, len(shown), 12)
    minutes = "".join(f"{shown[place].minute:<12.0f}" for place in places).rstrip()
    tasks = "".join(f"{shown[place].waiting + shown[place].running:<12}" for place in places).rstrip()
    return f"min  {minutes}", f"todo {tasks}"
