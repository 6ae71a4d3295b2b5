"""How a benchmark tells its figures: a table for people, and as its last line the same as one JSON object."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.options import Options

Value = int | float | str
PLACES = 3
MIB = 2**20


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    value: Value
    unit: str


@dataclass(frozen=True)
class Floor:
    """What was asked for, whether it was reached, and the figure that says so."""

    wanted: str
    reached: bool
    measured: str


@dataclass
class Report:
    """Figures are shown in the order they come in. Names are `group.figure`."""

    benchmark: str
    options: Options
    figures: list[Figure] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)

    def add(self, name: str, value: Value, unit: str) -> None:
        self.figures.append(Figure(name, round(value, PLACES) if isinstance(value, float) else value, unit))

    def add_memory(self, name: str, rss: int) -> None:
        """Peak resident memory of the process that did the work, and the floor that goes with it."""
        self.add(f"{name}.rss", rss / MIB, "MiB")
        self.floor(f"{name}: peak RSS <= 200 MiB", rss <= 200 * MIB, f"{rss / MIB:.0f} MiB")

    def floor(self, wanted: str, reached: bool, measured: str) -> None:
        self.floors.append(Floor(wanted, reached, measured))

    def text(self) -> str:
        """The table, the floors, and the JSON object as the last line."""
        runs, scale = self.options.runs, self.options.scale
        width = max(len(figure.name) for figure in self.figures)
        lines = [f"bench-{self.benchmark}: scale {scale:g}, medians of {runs}, {machine()}", ""]
        lines += [f"  {each.name:<{width}}  {shown(each.value):>16}  {each.unit}" for each in self.figures]
        lines += ["", *(["  floors are meant for --scale 1"] if scale != 1 else [])]
        for floor in self.floors:
            word = "reached" if floor.reached else "not reached"
            lines.append(f"  floor: {word}: {floor.wanted}: {floor.measured}")
        return "\n".join([*lines, json.dumps(self.as_json())])

    def as_json(self) -> dict[str, object]:
        return {
            "benchmark": self.benchmark,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "scale": self.options.scale,
            "runs": self.options.runs,
            "machine": machine(),
            "figures": {figure.name: figure.value for figure in self.figures},
            "units": {figure.name: figure.unit for figure in self.figures},
            "floors": [vars(floor) for floor in self.floors],
        }


def machine() -> str:
    """The kind of machine, in general words."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    memory = round(pages * size / 2**30)
    return f"{os.cpu_count()} cores, {memory} GiB, {platform.system()}, Python {platform.python_version()}"


def shown(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:,}"
