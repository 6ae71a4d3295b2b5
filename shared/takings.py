"""How often each task has lost its spot node, told from one look to the next. Pure.

Batch counts no preemption: neither `retryCount` nor `requeueCount` of a task shows one. But a task that ran on a node
that is taken away, and that runs again with another start, was taken back with it. What happens twice between two
looks is seen once, and a node that is back by the next look hides what it cost: each number is a lower bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

MOST_LOST = 5000
"""Tasks that are waited for to run again; the oldest are forgotten first: they may have ended with their node."""


@dataclass(frozen=True)
class Run:
    """A task, by its row, that was seen running: where, and since when."""

    row: int
    node: str
    started: str


@dataclass(frozen=True)
class Takings:
    """By row. `runs`: node and start, as of the last look; `lost`: the start on a node that was taken away since;
    `times`: how often that has happened."""

    runs: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    lost: Mapping[int, str] = field(default_factory=dict)
    times: Mapping[int, int] = field(default_factory=dict)

    @property
    def worst(self) -> tuple[int, int] | None:
        """The row that was hit most often, the first of them, and how often."""
        return min(self.times.items(), key=lambda each: (-each[1], each[0]), default=None)

    def after(self, running: Iterable[Run], gone: AbstractSet[str]) -> Takings:
        """As of the next look: `running` now; `gone`: the nodes that are taken away now."""
        runs = {run.row: (run.node, run.started) for run in running}
        lost = dict(self.lost) | {row: start for row, (node, start) in self.runs.items() if node in gone}
        back = [row for row, start in lost.items() if row in runs and runs[row][1] != start]
        times = dict(self.times)
        for row in back:
            times[row] = times.get(row, 0) + 1
            del lost[row]
        return Takings(runs, dict(list(lost.items())[-MOST_LOST:]), times)

    def without(self, rows: Iterable[int]) -> Takings:
        """After rows were sent out again for another reason: their next start tells nothing."""
        sent = set(rows)
        runs = {row: run for row, run in self.runs.items() if row not in sent}
        return Takings(runs, {row: start for row, start in self.lost.items() if row not in sent}, self.times)

    def to_json(self) -> bytes:
        return json.dumps({"runs": self.runs, "lost": self.lost, "times": self.times}).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Takings:
        raw = json.loads(content)
        return cls(
            {int(row): (node, start) for row, (node, start) in raw["runs"].items()},
            {int(row): start for row, start in raw["lost"].items()},
            {int(row): times for row, times in raw["times"].items()},
        )
