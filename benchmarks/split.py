"""`make bench-split`: a file of lines into tasks, cut by storage and streamed, beside coreutils' split."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.alone import Done, alone
from benchmarks.ground import Place
from benchmarks.options import Options, say
from benchmarks.report import Report
from benchmarks.run import Benchmark
from benchmarks.seen import Seen

GIB, MIB = 2**30, 2**20
SIZE, TASKS = 2 * GIB, 2000
SOURCE = "lines.txt"


def needs(options: Options) -> int:
    """The file, its blob, what coreutils makes of it; and in each run what both ways and the raw writing leave."""
    return (4 + 3 * options.runs) * options.scaled(SIZE, MIB)


def measure(report: Report, folder: Path, place: Place) -> None:
    options, file = report.options, folder / SOURCE
    tasks = options.scaled(TASKS, 2)
    write_lines(file, options.scaled(SIZE, MIB))
    report.add("input.size", file.stat().st_size, "B")
    report.add("input.tasks", tasks, "tasks")
    say("uploading the input")
    alone("raw:upload_file", place=asdict(place), file=str(file), name=SOURCE)
    for way, composes in (("cutting", True), ("streaming", False)):
        runs = [split(place, f"{way}-{run}", tasks, composes) for run in range(options.runs)]
        tell_way(report, way, runs, file.stat().st_size)
    compare(report, place, file, tasks)


def split(place: Place, name: str, tasks: int, composes: bool) -> Done:
    say(f"splitting: {name}")
    return alone("splitting:split", place=asdict(place), name=name, source=SOURCE, tasks=tasks, composes=composes)


def tell_way(report: Report, way: str, runs: list[Done], size: int) -> None:
    seen = [Seen(**run.answer["seen"]) for run in runs]
    for run in runs:
        if run.answer["bytes"] != size:
            raise SystemExit(f"{way}: {run.answer['bytes']} bytes in tasks, {size} in the input")
    report.add(f"{way}.tasks", runs[0].answer["rows"], "tasks")
    report.add(f"{way}.seconds", median(each.seconds for each in seen), "s")
    report.add(f"{way}.own processor time", median(each.cpu for each in seen), "s")
    report.add(f"{way}.server processor time", median(each.storage_cpu for each in seen), "s")
    report.add(f"{way}.storage requests", max(each.blobs for each in seen), "requests")
    report.add(f"{way}.bytes read", max(each.read for each in seen), "B")
    report.add(f"{way}.bytes written", max(each.written for each in seen), "B")
    report.add(f"{way}.bytes of state", max(each.state for each in seen), "B")
    report.add_memory(way, max(run.rss for run in runs))
    if way == "cutting":
        share = max(each.read for each in seen) / size
        report.floor("cutting: bytes read by the controller <= 1 % of the input", share <= 0.01, f"{share:.3%}")


def compare(report: Report, place: Place, file: Path, tasks: int) -> None:
    """The same bytes moved by storage alone, and cut by coreutils on the same disk."""
    reads, writes, splits = list[float](), list[float](), list[float]()
    where = {"place": asdict(place), "name": SOURCE, "file": str(file)}
    for run in range(report.options.runs):
        say(f"storage alone, and coreutils: {run}")
        moved = alone("raw:move", **where, count=tasks, container=f"raw-{run}").answer
        reads.append(Seen(**moved["read"]).seconds)
        writes.append(Seen(**moved["write"]).seconds)
        splits.append(coreutils(file, tasks))
    tell_times(report, file.stat().st_size / GIB, median(reads), median(writes), median(splits))


def tell_times(report: Report, gib: float, read: float, written: float, split_time: float) -> None:
    told = {figure.name: figure.value for figure in report.figures}
    streamed, own = float(told["streaming.seconds"]), float(told["streaming.own processor time"])
    report.add("storage alone.read", read / gib, "s/GiB")
    report.add("storage alone.write", written / gib, "s/GiB")
    report.add("streaming.time", streamed / gib, "s/GiB")
    report.add("streaming.own processor time per GiB", own / gib, "s/GiB")
    report.add("streaming.beyond storage alone", (streamed - read - written) / gib, "s/GiB")
    report.add("coreutils split.time", split_time / gib, "s/GiB")
    report.add("streaming to coreutils split", streamed / split_time, "times")
    report.add("cutting to coreutils split", float(told["cutting.seconds"]) / split_time, "times")


def coreutils(file: Path, tasks: int) -> float:
    """Seconds that `split` takes on the local file."""
    program = shutil.which("split")
    if program is None:
        raise SystemExit("coreutils' split is not on this machine")
    folder = file.parent / "cut"
    folder.mkdir()
    try:
        started = time.perf_counter()
        command = [program, "-n", f"l/{tasks}", "-a", "6", "-d", str(file), f"{folder}/"]
        subprocess.run(command, check=True)
        return time.perf_counter() - started
    finally:
        shutil.rmtree(folder)


def write_lines(file: Path, size: int) -> None:
    """Lines of 20 to 200 characters, the same at each run."""
    say(f"writing {size / MIB:.0f} MiB of lines")
    chance = random.Random(1)  # noqa: S311 - sizes of lines are no secret
    letters = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=4096))
    lines = [
        f"{number:08d} {letters[chance.randrange(3800) :][: chance.randint(10, 190)]}\n" for number in range(50_000)
    ]
    block = "".join(lines).encode()
    with file.open("wb") as target:
        for _ in range(size // len(block)):
            target.write(block)
        target.write(block[: size % len(block) - 1] + b"\n")


BENCHMARK = Benchmark("split", "Split a 2 GiB file of lines into 2,000 tasks.", needs, measure)

if __name__ == "__main__":
    BENCHMARK.main()
