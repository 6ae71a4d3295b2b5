"""`python -m tests.load`: 1,000 jobs on four pools, 300 on one; a table, and one JSON object on the last line."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from tests.crash.table import show
from tests.load.crowd import Crowd, by_quota, on_one_pool

HEAD = ("crowd", "jobs", "rounds", "calls", "busiest", "hours", "megabytes", "wrong", "seconds")


def main(words: Sequence[str]) -> int:
    """0 when every job ended well, in the order of dropping, and nothing was left."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--pools", type=int, default=4, help="as many pools as the account holds")
    parser.add_argument("--shared", type=int, default=300, help="jobs on the shared pool")
    options = parser.parse_args(words)
    logging.disable(logging.CRITICAL)
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
