"""Simulates one crane lift: `heavylift.py --config lift.json --database charts.db --result result.json`.

The load is swung along a path of radii. At each the crane's capacity is interpolated from its load chart; gusts, drawn
from a seeded generator, make the load heavier for a moment. The result tells how much of the capacity is used at each
radius and how many of the trials would have overloaded the crane. The same config and charts give the same result.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
from bisect import bisect_left
from dataclasses import asdict, dataclass
from pathlib import Path


class OutOfChart(Exception):
    """The load chart does not say what the crane carries there."""


@dataclass(frozen=True)
class Lift:
    """One lift as its config file has it: tonnes, metres, metres per second."""

    name: str
    crane: str
    weight: float
    radii: list[float]
    wind: float
    trials: int
    seed: int


@dataclass(frozen=True)
class Crane:
    """What the database knows of a crane: how much a gust adds per (m/s)^2, and its chart by rising radius."""

    name: str
    gust_factor: float
    chart: list[tuple[float, float]]


@dataclass(frozen=True)
class Step:
    """One radius of the path."""

    radius: float
    capacity: float
    utilisation: float


def main() -> None:
    """Simulate the lift that the command line names."""
    parser = argparse.ArgumentParser(description="Simulates one crane lift.")
    for option in ("--config", "--database", "--result"):
        parser.add_argument(option, type=Path, required=True)
    arguments = parser.parse_args()
    lift = Lift(**json.loads(arguments.config.read_text("utf-8")))
    crane = read_crane(arguments.database, lift.crane)
    report = simulate(lift, crane)
    arguments.result.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(f"{lift.name}: {report['overloads']} of {lift.trials} trials overloaded")


def read_crane(database: Path, name: str) -> Crane:
    """The crane and its load chart."""
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    try:
        found = connection.execute("SELECT gust_factor FROM crane WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise OutOfChart(f"the database has no crane {name!r}")
        query = "SELECT radius, capacity FROM load_chart WHERE crane = ? ORDER BY radius"
        return Crane(name, found[0], connection.execute(query, (name,)).fetchall())
    finally:
        connection.close()


def simulate(lift: Lift, crane: Crane) -> dict[str, object]:
    """The report: every step of the path, the tightest one, and the trials."""
    steps = [step_at(radius, lift.weight, crane) for radius in lift.radii]
    worst = max(steps, key=lambda step: step.utilisation)
    overloads = count_overloads(lift, crane.gust_factor, worst.capacity)
    return {
        "lift": lift.name,
        "crane": crane.name,
        "weight": lift.weight,
        "steps": [asdict(step) for step in steps],
        "worst": asdict(worst),
        "trials": lift.trials,
        "overloads": overloads,
    }


def step_at(radius: float, weight: float, crane: Crane) -> Step:
    capacity = capacity_at(radius, crane)
    return Step(radius, round(capacity, 3), round(weight / capacity, 4))


def capacity_at(radius: float, crane: Crane) -> float:
    """Between two rows of the chart, on the straight line that joins them."""
    radii = [row[0] for row in crane.chart]
    if not radii or not radii[0] <= radius <= radii[-1]:
        raise OutOfChart(f"{crane.name}: the load chart has no capacity at {radius} m")
    above = bisect_left(radii, radius)
    if radii[above] == radius:
        return crane.chart[above][1]
    (left, more), (right, less) = crane.chart[above - 1], crane.chart[above]
    return more + (less - more) * (radius - left) / (right - left)


def count_overloads(lift: Lift, gust_factor: float, capacity: float) -> int:
    """In how many trials one gust at the tightest radius makes the load heavier than the crane can carry."""
    gusts = random.Random(lift.seed)  # noqa: S311  # a simulation, and it must be repeatable
    drawn = (gusts.gauss(lift.wind, lift.wind / 3) for _ in range(lift.trials))
    return sum(lift.weight * (1 + gust_factor * gust * gust) > capacity for gust in drawn)


if __name__ == "__main__":
    main()
