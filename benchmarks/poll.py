"""`make bench-poll`: one look at a job of 100 and of 100,000 tasks; and what importing the app costs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.alone import CHECKOUT, alone
from benchmarks.ground import Place
from benchmarks.options import Options, say
from benchmarks.report import Report
from benchmarks.run import Benchmark
from benchmarks.seen import Seen

FEW, MANY = 100, 100_000
POLLS, IMPORTS, FEWEST = 9, 9, 3
TIMES = 2.0
IMPORT = "import time; begun = time.perf_counter(); import {}; print(time.perf_counter() - begun)"


def needs(_: Options) -> int:
    return 2**30


def measure(report: Report, _: Path, place: Place) -> None:
    poll_both(report, place)
    import_both(report)


def poll_both(report: Report, place: Place) -> None:
    options = report.options
    few, many = options.scaled(FEW, 10), options.scaled(MANY, 200)
    asked = {}
    for name, tasks in (("few", few), ("many", many)):
        say(f"a job of {tasks} tasks")
        times = POLLS if options.scale == 1 else FEWEST
        done = alone("polling:poll", place=asdict(place), name=name, tasks=tasks, times=times)
        polls = [Seen(**each) for each in done.answer["polls"]]
        asked[name] = tell_polls(report, f"{tasks} tasks", tasks, polls)
    same = asked["few"] == asked["many"]
    report.floor(
        f"a poll of {few} and of {many} tasks: the same number of requests",
        same,
        f"{asked['few']} and {asked['many']} (Batch, blobs, queues)",
    )


def tell_polls(report: Report, name: str, tasks: int, polls: list[Seen]) -> tuple[int, int, int]:
    """Requests of one poll, by service."""
    report.add(f"{name}.seconds", median(each.seconds for each in polls), f"s, median of {len(polls)}")
    report.add(f"{name}.own processor time", median(each.cpu for each in polls), "s")
    requests = (
        round(median(each.batch for each in polls)),
        round(median(each.blobs for each in polls)),
        round(median(each.queues for each in polls)),
    )
    for service, count in zip(("Batch", "blobs", "queues"), requests, strict=True):
        report.add(f"{name}.requests to {service}", count, "requests")
    report.add(f"{name}.most requests", max(each.batch + each.blobs + each.queues for each in polls), "requests")
    return requests


def import_both(report: Report) -> None:
    """In turns, each in a fresh interpreter; the first of each, which may have to compile, does not count."""
    say("imports")
    times = IMPORTS if report.options.scale == 1 else 1
    modules = ("function_app", "azure.functions")
    found = [tuple(import_seconds(module) for module in modules) for _ in range(times + 1)][1:]
    ours, theirs = median(each[0] for each in found), median(each[1] for each in found)
    report.add("import function_app", ours, f"s, median of {times}")
    report.add("import azure.functions", theirs, f"s, median of {times}")
    report.add("import function_app to azure.functions", ours / theirs, "times")
    wanted = f"import function_app: at most {TIMES:g} times import azure.functions"
    report.floor(wanted, ours / theirs <= TIMES, f"{ours / theirs:.2f} times")


def import_seconds(module: str) -> float:
    command = [sys.executable, "-c", IMPORT.format(module)]
    return float(subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout)


BENCHMARK = Benchmark("poll", "Poll a job of 100 and of 100,000 tasks; import the app.", needs, measure)

if __name__ == "__main__":
    BENCHMARK.main()
