"""`make bench-merge`: 20,000 outputs into one, composed by storage and streamed, beside `cat` of the same files."""

from __future__ import annotations

import hashlib
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

KIB = 2**10
OUTPUTS, SIZE = 20_000, 50 * KIB
FEWEST, SPARE = 30, 1.02
NAME = "output"
"""What a task of this job calls its output."""


def needs(options: Options) -> int:
    """Files, blobs, what cat makes of them; and in each run what both ways leave."""
    return (4 + 3 * options.runs) * options.scaled(OUTPUTS, FEWEST) * SIZE + 2**28


def measure(report: Report, folder: Path, place: Place) -> None:
    options, files = report.options, folder / "outputs"
    outputs = options.scaled(OUTPUTS, FEWEST)
    sha256 = write_outputs(files, outputs)
    report.add("outputs", outputs, "blobs")
    report.add("outputs.size", outputs * SIZE, "B")
    say("submitting the tasks, writing their outputs")
    job = alone("merging:begin", place=asdict(place), name="merge", files=str(files), output=NAME).answer
    for way, composes in (("composing", True), ("streaming", False)):
        runs = [merge(place, f"{way}-{run}", job["job"], composes) for run in range(options.runs)]
        tell_way(report, way, runs, sha256)
        if way == "composing":
            tell_floors(report, runs, outputs)
    compare(report, place, files, job["container"])


def merge(place: Place, name: str, job: str, composes: bool) -> Done:
    say(f"merging: {name}")
    return alone("merging:merge", place=asdict(place), job=job, composes=composes)


def tell_way(report: Report, way: str, runs: list[Done], sha256: str) -> None:
    for run in runs:
        if run.answer["sha256"] != sha256:
            raise SystemExit(f"{way}: the result is not what cat makes of the files")
    frozen = [Seen(**run.answer["freezing"]) for run in runs]
    merged = [Seen(**run.answer["merging"]) for run in runs]
    report.add(f"{way}.seconds", median(each.seconds for each in merged), "s")
    report.add(f"{way}.own processor time", median(each.cpu for each in merged), "s")
    report.add(f"{way}.server processor time", median(each.storage_cpu for each in merged), "s")
    report.add(f"{way}.storage requests", max(each.blobs for each in merged), "requests")
    report.add(f"{way}.bytes read", max(each.read for each in merged), "B")
    report.add(f"{way}.bytes written", max(each.written for each in merged), "B")
    report.add(f"{way}.bytes of state", max(each.state for each in merged), "B")
    report.add(f"{way}.listing and freezing before, seconds", median(each.seconds for each in frozen), "s")
    report.add(f"{way}.listing and freezing before, storage requests", max(each.blobs for each in frozen), "requests")
    report.add_memory(way, max(run.rss for run in runs))


def tell_floors(report: Report, runs: list[Done], outputs: int) -> None:
    """Of the whole way from the tasks' end to the committed result: listing and freezing count."""
    both = [Seen(**run.answer[step]) for run in runs for step in ("freezing", "merging")]
    requests = max(first.blobs + second.blobs for first, second in zip(both[::2], both[1::2], strict=True))
    through = max(each.read + each.written for each in both)
    most = int(outputs * SPARE)
    report.floor(f"composing: at most {most} storage requests, listing included", requests <= most, f"{requests}")
    report.floor("composing: 0 bytes of outputs through the controller", through == 0, f"{through} B")


def compare(report: Report, place: Place, files: Path, container: str) -> None:
    """The same bytes read by storage alone, and joined by coreutils on the same disk."""
    reads, cats = list[float](), list[float]()
    for run in range(report.options.runs):
        say(f"storage alone, and coreutils: {run}")
        reads.append(Seen(**alone("raw:read_outputs", place=asdict(place), container=container).answer).seconds)
        cats.append(coreutils(files))
    told = {figure.name: float(figure.value) for figure in report.figures if not isinstance(figure.value, str)}
    report.add("storage alone.read", median(reads), "s")
    report.add("coreutils cat.seconds", median(cats), "s")
    report.add("streaming to coreutils cat", told["streaming.seconds"] / median(cats), "times")
    report.add("composing to coreutils cat", told["composing.seconds"] / median(cats), "times")
    report.add("streaming.beyond storage alone", told["streaming.seconds"] - median(reads), "s")


def coreutils(files: Path) -> float:
    """Seconds that `cat` takes for all files, in order, into one."""
    program = shutil.which("cat")
    xargs = shutil.which("xargs")
    if program is None or xargs is None:
        raise SystemExit("cat and xargs are not on this machine")
    names = "\0".join(str(path) for path in sorted(files.iterdir()))
    target = files.parent / "joined"
    try:
        started = time.perf_counter()
        with target.open("wb") as sink:
            subprocess.run([xargs, "-0", program], input=names.encode(), stdout=sink, check=True)
        return time.perf_counter() - started
    finally:
        target.unlink()


def write_outputs(files: Path, count: int) -> str:
    """Files named as tasks, each different; the SHA-256 of them all, one behind the other."""
    say(f"writing {count} files")
    files.mkdir()
    chance, digest = random.Random(1), hashlib.sha256()  # noqa: S311 - what outputs hold is no secret
    body = chance.randbytes(SIZE)
    for index in range(count):
        content = (f"{index:06d}\n".encode() + body)[:SIZE]
        digest.update(content)
        (files / f"t-{index:06d}").write_bytes(content)
    return digest.hexdigest()


BENCHMARK = Benchmark("merge", "Merge 20,000 outputs of 50 KiB.", needs, measure)

if __name__ == "__main__":
    BENCHMARK.main()
