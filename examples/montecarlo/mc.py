"""Prices call options by simulation: `mc.py --params params.csv --out prices.csv [--config config.json]`.

The rows of the input have `id`, `spot`, `strike`, `volatility` (money a square root of a year) and `years`. The price
moves as Bachelier had it: by steps that are as likely up as down, whatever the price. The output has a row for each:
`id,price,error`, the mean of the payoff over all paths and its standard error.

The config, at `--config` or at the variable CONFIG_PATH, is a JSON object: `paths` and `seed`. All rows are priced with
the same paths, so a row's price does not depend on the rows beside it. As a path's end is all that counts, and one
normal number gives it, the numbers are drawn and sorted once; the paths that end in the money are then found by
bisection. Exit codes: 0 done, 2 wrong arguments or config, 1 anything else.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import sys
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path


class WrongConfig(Exception):
    """The config cannot be followed."""


class Paths:
    """The ends of all paths, in units of the standard deviation."""

    def __init__(self, count: int, seed: int) -> None:
        drawn = random.Random(seed)  # noqa: S311  # a simulation, not a secret
        self._ends = sorted(drawn.gauss(0.0, 1.0) for _ in range(count))
        self._sums = [0.0, *accumulate(reversed(self._ends))]
        self._squares = [0.0, *accumulate(end * end for end in reversed(self._ends))]

    def price(self, spot: float, strike: float, deviation: float) -> tuple[float, float]:
        """The mean of max(spot + deviation x end - strike, 0), and its standard error."""
        ahead, count = spot - strike, len(self._ends)
        inside = count - bisect_right(self._ends, -ahead / deviation)
        total, squares = self._sums[inside], self._squares[inside]
        mean = (inside * ahead + deviation * total) / count
        second = (inside * ahead**2 + 2 * ahead * deviation * total + deviation**2 * squares) / count
        return mean, math.sqrt(max(0.0, second - mean**2) / count)


def main() -> int:
    """Price the rows of the file that the command line names."""
    parser = argparse.ArgumentParser(description="Prices call options by simulation.")
    parser.add_argument("--params", type=Path, required=True, help="CSV: id, spot, strike, volatility, years")
    parser.add_argument("--out", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--config", type=Path, help="JSON: paths, seed (default: what CONFIG_PATH names)")
    arguments = parser.parse_args()
    named = os.environ.get("CONFIG_PATH", "config.json")  # noqa: TID251  # this image's own contract
    try:
        paths = read_config(arguments.config or Path(named))
    except (OSError, WrongConfig) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    print(f"{price_rows(arguments.params, arguments.out, paths)} rows")
    return 0


def read_config(path: Path) -> Paths:
    """The paths that the config asks for. Raises WrongConfig."""
    try:
        said = json.loads(path.read_text("utf-8"))
        count, seed = said["paths"], said["seed"]
    except (ValueError, KeyError, TypeError) as error:
        raise WrongConfig(f"{path} does not tell paths and seed") from error
    if type(count) is not int or type(seed) is not int or count < 1:
        raise WrongConfig(f"{path}: paths and seed must be whole numbers, paths 1 or more")
    return Paths(count, seed)


def price_rows(params: Path, out: Path, paths: Paths) -> int:
    """How many rows there were."""
    rows = 0
    with params.open(encoding="utf-8", newline="") as given, out.open("w", encoding="utf-8", newline="") as made:
        writer = csv.writer(made, lineterminator="\n")
        writer.writerow(["id", "price", "error"])
        for row in csv.DictReader(given):
            rows += 1
            deviation = float(row["volatility"]) * math.sqrt(float(row["years"]))
            price, error = paths.price(float(row["spot"]), float(row["strike"]), deviation)
            writer.writerow([row["id"], f"{price:.6f}", f"{error:.6f}"])
    return rows


if __name__ == "__main__":
    sys.exit(main())
