"""`python -m tests.crash`: the crash matrix, as a table, and as one JSON object on the last line."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from tests.crash.jobs import JOBS, SELF_TEST, live
from tests.crash.matrix import Report, explore
from tests.crash.stage import Stage
from tests.crash.table import show
from tests.wired.place import Place

SHOWN = 20


def main(words: Sequence[str]) -> int:
    """0 when every run ended as the undisturbed one."""
    options = parse(words)
    logging.disable(logging.CRITICAL)
    if options.stack is not None:
        from tests.crash.stack import points_on_the_stack

        return points_on_the_stack(options.stack)
    if options.host is not None:
        from tests.crash.host import kills_of_the_host

        return kills_of_the_host(options.host)
    names = options.job or list(JOBS)
    load(names)
    reports = [explore(name, stage_of(options, index), options.thaw) for index, name in enumerate(names)]
    for report in reports:
        tell_wrong(report)
    found = summary(reports)
    show(["job", "requests", "points", "worlds", "runs", "wrong", "seconds"], [row(each) for each in reports], found)
    return 1 if found["wrong"] else 0


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--job", action="append", choices=[*JOBS, *SELF_TEST], help="only this one; may be repeated")
    parser.add_argument("--stride", type=int, default=1, help="every n-th world only")
    parser.add_argument("--thaw", choices=["finish", "cancel"], help="freeze instead; another ends the job meanwhile")
    parser.add_argument("--every", action="store_true", help="every point, also where the world is the last point's")
    parser.add_argument("--lanes", type=int, default=os.cpu_count() or 1, help="runs at once")
    parser.add_argument("--stack", type=int, nargs="?", const=40, metavar="N", help="N points on Azurite instead (40)")
    parser.add_argument("--host", type=int, nargs="?", const=6, metavar="N", help="N kills of the Functions host (6)")
    return parser.parse_args(words)


def load(names: Sequence[str]) -> None:
    """Whatever is imported where it is first used: else each fork would import it anew."""
    for name in names:
        job = {**JOBS, **SELF_TEST}[name]
        live(Place(job.program), job)


def stage_of(options: argparse.Namespace, index: int) -> Stage:
    """The jobs' strides are staggered."""
    return Stage(options.lanes, options.every, options.stride, first=index)


def row(report: Report) -> list[object]:
    return [
        report.name,
        report.requests,
        report.points,
        report.worlds,
        report.runs,
        len(report.wrong),
        round(report.seconds, 1),
    ]


def summary(reports: Sequence[Report]) -> dict[str, Any]:
    """`points`: two for each request. `worlds`: those that differ from the one before. `runs`: what was tried."""
    return {
        "requests": sum(each.requests for each in reports),
        "points": sum(each.points for each in reports),
        "worlds": sum(each.worlds for each in reports),
        "runs": sum(each.runs for each in reports),
        "wrong": sum(len(each.wrong) for each in reports),
        "seconds": round(sum(each.seconds for each in reports), 1),
    }


def tell_wrong(report: Report) -> None:
    """Where it died, and what was otherwise at the end."""
    for run in report.wrong[:SHOWN]:
        print(f"{report.name}, killed {run.point}:")
        for name, value in run.told.items():
            if value != report.expected.get(name):
                print(f"    {name}: {value}, not {report.expected.get(name)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
