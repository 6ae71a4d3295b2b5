"""`python -m tests.load`: 1,000 jobs on four pools, 300 on one; a table, and one JSON object on the last line.

With `--stack` the 1,000 are dropped at once on a whole local stack: real processes, real requests.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from tests.crash.table import show
from tests.load.crowd import Crowd, by_quota, on_one_pool
from tests.load.flood import Flood, flood

HEAD = ("crowd", "jobs", "rounds", "calls", "busiest", "hours", "megabytes", "wrong", "seconds")


def main(words: Sequence[str]) -> int:
    """0 when every job ended well, in the order of dropping, and nothing was left."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--pools", type=int, default=4, help="as many pools as the account holds")
    parser.add_argument("--shared", type=int, default=300, help="jobs on the shared pool")
    parser.add_argument("--stack", action="store_true", help="on a local stack")
    parser.add_argument("--minutes", type=float, default=90, help="how long a stack is watched at most")
    options = parser.parse_args(words)
    logging.disable(logging.CRITICAL)
    if options.stack:
        return told(flood(options.jobs, options.pools, seconds=60 * options.minutes))
    return in_memory(options)


def told(found: Flood) -> int:
    """By tenths: how many jobs were over and open, when, with how large a host; then what all of them took."""
    for wrong in found.wrong[:20]:
        print(wrong)
    rows = [[tenth, at, over, still, size] for tenth, (at, over, still, size) in enumerate(found.tenths(), 1)]
    show(("tenth", "seconds", "over", "open", "megabytes"), rows, found.figures())
    return 1 if found.wrong else 0


def in_memory(options: argparse.Namespace) -> int:
    crowds = [by_quota(options.jobs, options.pools), on_one_pool(options.shared)]
    for crowd in crowds:
        for wrong in crowd.wrong[:20]:
            print(f"{crowd.name}: {wrong}")
    total = {
        "jobs": sum(each.jobs for each in crowds),
        "calls": sum(each.calls for each in crowds),
        "busiest": max(each.busiest for each in crowds),
        "megabytes": max(each.megabytes for each in crowds),
        "wrong": sum(len(each.wrong) for each in crowds),
        "seconds": round(sum(each.seconds for each in crowds), 1),
    }
    show(HEAD, [cells(each) for each in crowds], total)
    return 1 if total["wrong"] else 0


def cells(crowd: Crowd) -> list[object]:
    figures = [crowd.jobs, crowd.rounds, crowd.calls, crowd.busiest, crowd.hours, crowd.megabytes]
    return [crowd.name, *figures, len(crowd.wrong), crowd.seconds]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
