"""`python -m tests.hostile`: hostile hints and services, as a table, and as one JSON object on the last line."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.crash.table import show
from tests.hostile.jobs import KINDS
from tests.hostile.machine import Delivery, machine_of
from tests.hostile.storm import Storm, storm, storm_by_identity, storm_over
from tests.hostile.weather import SERVICES
from tests.hostile.worlds import WORLDS

HEAD = ("what", "runs", "jobs", "requests", "faults", "busiest", "wrong", "seconds")
RATES = {0.01: 40, 0.1: 40, 0.5: 12}
"""The part of all requests that go wrong, and for how many rounds of half a minute."""
Storms = Callable[[str, float, int, int], Storm]


@dataclass
class Row:
    """A line of the table. `faults`: requests that went wrong; workers killed or frozen, and deeds of vandals."""

    what: str
    runs: int = 0
    jobs: int = 0
    requests: int = 0
    faults: int = 0
    busiest: int = 0
    wrong: int = 0
    seconds: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    """Requests by service; and what of them went wrong, and the busiest minute of each."""
    struck: Counter[str] = field(default_factory=Counter)
    peaks: Counter[str] = field(default_factory=Counter)

    def cells(self) -> list[object]:
        return [getattr(self, name) if name != "seconds" else round(self.seconds, 1) for name in HEAD]


def main(words: Sequence[str]) -> int:
    """0 when no law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=200, help="runs of the state machine, 40 steps each")
    parser.add_argument("--storms", type=int, default=3, help="runs of each job at each rate of faults")
    options = parser.parse_args(words)
    logging.disable(logging.CRITICAL)
    rows = [delivery(options.seed, options.examples)]
    seeds = range(options.seed, options.seed + options.storms)
    rows += [services(f"services {rate:.0%}", storm, [rate], seeds) for rate in RATES]
    rows += [services(f"identity {rate:.0%}", storm_by_identity, [rate], seeds) for rate in RATES]
    rows.append(services("identity, threads", partial(storm_by_identity, threads=True), [0.1], seeds))
    rows += [services(f"{name} 50%", partial(storm_over, [name]), [0.5], seeds) for name in SERVICES]
    rows.append(services("all but blobs 50%", partial(storm_over, SERVICES[1:]), [0.5], seeds))
    show_services(rows)
    total = {name: sum(getattr(row, name) for row in rows) for name in HEAD[1:] if name != "busiest"}
    found = {"seed": options.seed, **total, "busiest": max(row.busiest for row in rows)}
    found["seconds"] = round(total["seconds"], 1)
    found["services"] = {name: sum(row.struck[name] for row in rows) for name in SERVICES}
    show(HEAD, [row.cells() for row in rows], found)
    return 1 if found["wrong"] else 0


def delivery(number: int, examples: int) -> Row:
    """Hints lost, doubled, late and reordered; workers frozen and killed; things deleted."""
    row, began = Row("delivery"), time.monotonic()
    Delivery.tally.clear()
    chosen = settings(
        max_examples=max(1, examples // len(KINDS)),
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        database=None,
    )
    for kind in sorted(KINDS):
        try:
            run_state_machine_as_test(seed(number)(machine_of(kind)), settings=chosen)
        except Exception:  # noqa: BLE001 - it is told, and the rest is run too
            traceback.print_exc()
            row.wrong += 1
    tally = Delivery.tally
    row.runs, row.jobs, row.faults = tally["runs"], tally["jobs"], tally["dies"] + tally["sleeps"] + tally["harmed"]
    row.seconds = time.monotonic() - began
    return row


def services(what: str, storms: Storms, rates: Iterable[float], seeds: Iterable[int]) -> Row:
    """Each job at each of these rates under each of these seeds."""
    row, began = Row(what), time.monotonic()
    for number in seeds:
        for rate in rates:
            for name in WORLDS:
                add(row, storms(name, rate, number, RATES[rate]), number)
    row.seconds = time.monotonic() - began
    return row


def show_services(rows: Sequence[Row]) -> None:
    """What was asked of each service that the weather fell on, what of it went wrong, and its busiest minute."""
    shape = "{:<24}{:>10}{:>10}{:>10}  {}"
    print(shape.format("service", "requests", "faults", "busiest", "weather"))
    for row in rows:
        for name in row.struck:
            print(shape.format(name, row.asked[name], row.struck[name], row.peaks[name], row.what))
    print()


def add(row: Row, found: Storm, number: int) -> None:
    row.runs, row.jobs = row.runs + 1, row.jobs + 1
    row.requests, row.faults = row.requests + found.requests, row.faults + found.faults
    row.busiest = max(row.busiest, found.busiest)
    for name, toll in found.services.items():
        row.asked[name] += toll.requests
        if toll.faults:
            row.struck[name] += toll.faults
        row.peaks[name] = max(row.peaks[name], toll.busiest)
    row.wrong += bool(found.wrong)
    for wrong in found.wrong:
        print(f"{row.what}: {found.job} at {found.rate:.0%}, seed {number}: {wrong}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
