"""`make bench-submit`: 100,000 tasks at once beside a loop that adds one by one; then 1,000,000 over many passes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.alone import Done, alone
from benchmarks.ground import Place, farther
from benchmarks.options import Options, say
from benchmarks.report import Report
from benchmarks.run import Benchmark
from benchmarks.seen import Seen

TASKS, MANY, LOOP = 100_000, 1_000_000, 500
PER_REQUEST, OTHERS, FASTER, PASSES = 100, 20, 20, 5
MOST_PASSES = 500
LATENCY = 0.01
"""Seconds. On one machine a request costs no way to go: a loop looks better there than it ever can in Azure."""
SHARE, LEAST = 8, 0.5
"""Into how many passes the big job is meant to fall, by the speed of the smaller one; seconds of a pass at least."""


def needs(_: Options) -> int:
    return 2 * 2**30


def measure(report: Report, folder: Path, place: Place) -> None:
    speed = submit_at_once(report, place)
    with farther(place, folder, LATENCY) as far:
        submit_at_once(report, far, f", {LATENCY * 1000:g} ms away")
    submit_in_passes(report, place, speed)


def submit_at_once(report: Report, place: Place, where: str = "") -> float:
    """Tasks a second. `where` tells how far away the service is."""
    options = report.options
    tasks, loop = options.scaled(TASKS, PER_REQUEST), options.scaled(LOOP, 50)
    whole, single = list[Done](), list[Done]()
    for run in range(options.runs):
        say(f"submitting {tasks} tasks{where}: {run}")
        name = f"{'far' if where else 'whole'}-{run}"
        whole.append(alone("submitting:submit", place=asdict(place), name=name, tasks=tasks))
        job = whole[-1].answer["job"]
        single.append(alone("submitting:one_by_one", place=asdict(place), job=job, tasks=loop))
        if whole[-1].answer["batch"] != tasks:
            raise SystemExit(f"{whole[-1].answer['batch']} tasks in Batch, {tasks} in the job")
    speed = tell_whole(report, tasks, whole, f"submission{where}")
    tell_loop(report, speed, single, where)
    return speed


def tell_whole(report: Report, tasks: int, runs: list[Done], name: str) -> float:
    seen = [Seen(**run.answer["seen"]) for run in runs]
    seconds = median(each.seconds for each in seen)
    adding, others = max(each.adding for each in seen), max(each.batch - each.adding for each in seen)
    report.add(f"{name}.tasks", tasks, "tasks")
    report.add(f"{name}.seconds", seconds, "s")
    report.add(f"{name}.own processor time", median(each.cpu for each in seen), "s")
    report.add(f"{name}.Batch server processor time", median(each.batch_cpu for each in seen), "s")
    report.add(f"{name}.storage server processor time", median(each.storage_cpu for each in seen), "s")
    report.add(f"{name}.requests that add", adding, "requests")
    report.add(f"{name}.other requests to Batch", others, "requests")
    report.add(f"{name}.storage requests", max(each.blobs for each in seen), "requests")
    report.add(f"{name}.speed", tasks / seconds, "tasks/s")
    report.add_memory(name, max(run.rss for run in runs))
    wanted = -(-tasks // PER_REQUEST)
    report.floor(f"{name}: {wanted} requests that add", adding == wanted, f"{adding}")
    report.floor(f"{name}: at most {OTHERS} other requests to Batch", others <= OTHERS, f"{others}")
    return tasks / seconds


def tell_loop(report: Report, speed: float, runs: list[Done], where: str) -> None:
    name = f"one by one{where}"
    seen = [Seen(**run.answer["seen"]) for run in runs]
    tasks = runs[0].answer["tasks"]
    seconds = median(each.seconds for each in seen)
    times = speed * seconds / tasks
    report.add(f"{name}.tasks", tasks, "tasks")
    report.add(f"{name}.seconds", seconds, "s")
    report.add(f"{name}.own processor time", median(each.cpu for each in seen), "s")
    report.add(f"{name}.Batch server processor time", median(each.batch_cpu for each in seen), "s")
    report.add(f"{name}.speed", tasks / seconds, "tasks/s")
    report.add(f"submission to one by one{where}", times, "times")
    report.floor(f"submission: >= {FASTER} times as fast as one by one{where}", times >= FASTER, f"{times:.1f} times")


def submit_in_passes(report: Report, place: Place, speed: float) -> None:
    """Each pass is a process of its own; its deadline ends it by OutOfTime out of a checkpoint."""
    tasks = report.options.scaled(MANY, PER_REQUEST)
    share = max(LEAST, tasks / speed / SHARE)
    passes, job = list[Done](), None
    while not passes or passes[-1].answer["added"] < tasks:
        if len(passes) == MOST_PASSES:
            raise SystemExit(f"{MOST_PASSES} passes were not enough: {passes[-1].answer}")
        where = {"place": asdict(place), "name": "many", "job": job}
        passes.append(alone("submitting:go_on", tasks=tasks, seconds=share, **where))
        answer = passes[-1].answer
        job = answer["job"]
        say(f"pass {len(passes)}: {answer['rows']} rows, {answer['added']} of {tasks} tasks added")
    if passes[-1].answer["batch"] != tasks:
        raise SystemExit(f"{passes[-1].answer['batch']} tasks in Batch, {tasks} in the job")
    tell_passes(report, tasks, passes)


def tell_passes(report: Report, tasks: int, passes: list[Done]) -> None:
    seen = [Seen(**each.answer["seen"]) for each in passes]
    seconds, adding = sum(each.seconds for each in seen), sum(each.adding for each in seen)
    report.add("passes.tasks", tasks, "tasks")
    report.add("passes", len(passes), "passes")
    report.add("passes.seconds", seconds, "s, one run")
    report.add("passes.longest", max(each.seconds for each in seen), "s")
    report.add("passes.own processor time", sum(each.cpu for each in seen), "s")
    report.add("passes.Batch server processor time", sum(each.batch_cpu for each in seen), "s")
    report.add("passes.requests that add", adding, "requests")
    report.add("passes.other requests to Batch", sum(each.batch - each.adding for each in seen), "requests")
    report.add("passes.storage requests", sum(each.blobs for each in seen), "requests")
    report.add("passes.speed", tasks / seconds, "tasks/s")
    report.add_memory("passes", max(each.rss for each in passes))
    report.floor(
        f"passes: {MANY} tasks submitted over at least {PASSES}", _many(tasks, passes), f"{len(passes)}, {tasks}"
    )


def _many(tasks: int, passes: list[Done]) -> bool:
    return tasks >= MANY and len(passes) >= PASSES


BENCHMARK = Benchmark("submit", "Submit 100,000 tasks at once, and 1,000,000 over many passes.", needs, measure)

if __name__ == "__main__":
    BENCHMARK.main()
