"""Manifests dropped at once on a whole local stack whose account holds few pools: real processes, real requests."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.demo.ground import Ground, open_ground
from local.stack import Stack
from tests.load.gauge import Gauge

MANIFEST = b"""
version: 1
container:
  image: "localhost/wordcount:1"
  command: [sh, -c, "echo $BATCHDROP_UNIT_START > $OUTPUT_PATH"]
input: {range: {stop: 2}}
split: {unitsPerTask: 1}
merge: {by: lines}
compute: {maxNodes: 1}
"""
MERGED = b"0\n1\n"
POLICY = (Path(__file__).resolve().parents[2] / "local" / "policy.yaml").read_text()
PACE = {"BATCHDROP_TICK": "*/2 * * * * *", "BATCHDROP_SWEEP": "0 * * * * *", "BATCHDROP_POLL_MAX": "10"}
"""As on a laptop, where a job takes seconds; only the listing for lost events comes less often."""
LATEST = timedelta(seconds=60)
"""A tick gives out room by what it read when it began, and may take 45 s. A job that was accepted so late before
another went on was not in its line. Whoever waited longer than this must not be passed by a younger one."""
GROWTH = 32.0
"""MiB by which the mean size of the host may rise from the first third of the time to the last, when few are open."""
TENTHS = range(1, 11)
TIMES = 8
DEAF = 600.0
"""Seconds without any job that comes further, after which the flood is given up."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """`at`: seconds since the first drop. `over`: answered, with nothing left; `open`: accepted, and not over."""

    at: float
    over: int
    open: int
    megabytes: int


@dataclass
class Flood:
    """What became of it. `pools`: the most at any look. `displaced`: by how many places a job began before or after its
    turn, at most. `answered`: seconds until each manifest had its status. `wrong`: the laws that did not hold."""

    jobs: int
    looks: list[Look] = field(default_factory=list)
    pools: int = 0
    displaced: int = 0
    answered: float | None = None
    gauge: Gauge = field(default_factory=Gauge)
    wrong: list[str] = field(default_factory=list)

    @property
    def over(self) -> int:
        return self.looks[-1].over if self.looks else 0

    def tenths(self) -> list[tuple[float, int, int, int]]:
        """The last look of each tenth of the time."""
        last = self.looks[-1].at
        found = [[each for each in self.looks if each.at <= last * tenth / 10][-1:] for tenth in TENTHS]
        return [(each.at, each.over, each.open, each.megabytes) for tenth in found for each in tenth]

    def figures(self) -> dict[str, object]:
        first, last = self.gauge.thirds
        return {
            "jobs": self.jobs,
            "over": self.over,
            "seconds": self.looks[-1].at,
            "answered": self.answered,
            "pools": self.pools,
            "displaced": self.displaced,
            "open": self.looks[-1].open,
            "megabytes": max(self.gauge.host),
            "firstThird": round(first),
            "lastThird": round(last),
            "processorSeconds": {name: round(seconds) for name, seconds in self.gauge.seconds.items()},
            "wrong": len(self.wrong),
        }


def flood(jobs: int, pools: int, *, seconds: float, folder: Path | None = None) -> Flood:
    """All at once; watched until nothing of any job is left, no longer than `seconds`."""
    with tempfile.TemporaryDirectory() as own:
        where = (folder or Path(own)) / "stack"
        quota = ("--quota", f"pools={pools}", "--boot-seconds", "0.5")
        with Stack(where, batch_options=quota, steer=hastened) as stack, open_ground(stack) as ground:
            ground.upload("batchdrop/policy.yaml", policy(jobs))
            found = Flood(jobs)
            began = time.monotonic()
            drop(ground, jobs)
            watch(found, stack, ground, began, seconds)
            judge(found, ground, pools)
    return found


def hastened(settings: Mapping[str, str]) -> dict[str, str]:
    return {**settings, **PACE}


def policy(jobs: int) -> bytes:
    """That of a laptop, for as many jobs a day."""
    return POLICY.replace("jobsPerDay: 1000", f"jobsPerDay: {max(1000, jobs)}").encode()


def path_of(index: int) -> str:
    return f"flood/{index:05}.yaml"


def drop(ground: Ground, jobs: int) -> None:
    with ThreadPoolExecutor(TIMES) as pool:
        list(pool.map(lambda i: ground.upload(f"jobs/{path_of(i)}", MANIFEST, "application/yaml"), range(jobs)))


def watch(found: Flood, stack: Stack, ground: Ground, began: float, seconds: float) -> None:
    """Look now and then, until all is over, or nothing moves, or the time is up. Looking must not be the load."""
    moved, before = time.monotonic(), (0, 0)
    while found.over < found.jobs and time.monotonic() - began < seconds and time.monotonic() - moved < DEAF:
        now = look(found, stack, ground, round(time.monotonic() - began, 1))
        if now != before:
            before, moved = now, time.monotonic()
        time.sleep(max(1.0, found.jobs / 100))


def look(found: Flood, stack: Stack, ground: Ground, at: float) -> tuple[int, int]:
    """How many are answered and how many open, as anybody sees it from outside."""
    found.gauge.look(stack.pids)
    found.pools = max(found.pools, len(ground.pools()))
    still = sum(1 for _ in ground.blobs.get_container_client("batchdrop").list_blob_names(name_starts_with="open/"))
    answered = sum(1 for _ in ground.blobs.get_container_client("status").list_blob_names())
    if answered == found.jobs and found.answered is None:
        found.answered = at
    found.looks.append(Look(at, max(0, answered - still), still, found.gauge.host[-1]))
    return answered, still


def judge(found: Flood, ground: Ground, pools: int) -> None:
    """Each ended well, with each unit once, in the order of age; nothing is left, no quota was passed, and the host
    did not grow."""
    with ThreadPoolExecutor(TIMES) as pool:
        told = list(pool.map(lambda index: verdict(ground, path_of(index)), range(found.jobs)))
    found.wrong += [f"{path_of(index)}: {wrong}" for index, (wrong, _) in enumerate(told) if wrong]
    records = [record for _, record in told if record is not None]
    found.wrong += passed_by(records)
    found.displaced = displaced(records)
    left = [*ground.jobs(), *ground.pools(), *(each for each in ground.containers() if each.startswith("bd-"))]
    found.wrong += [f"left: {each}" for each in left]
    if found.pools > pools:
        found.wrong.append(f"{found.pools} pools at once")
    first, last = found.gauge.thirds
    if last > first + GROWTH:
        found.wrong.append(f"the host grew from {first:.0f} to {last:.0f} MiB")


def verdict(ground: Ground, path: str) -> tuple[str, Record | None]:
    """What is not as it must be, and the record."""
    answer = ground.download(f"status/{path}.json")
    if answer is None:
        return "no answer", None
    status = json.loads(answer)
    record = ground.download(f"batchdrop/records/{status['jobId']}.json")
    merged = ground.download(str(status["links"]["result"])) if status["links"].get("result") else None
    checks = {
        status["state"]: status["state"] == "succeeded" and status["complete"],
        "merged": merged == MERGED,
        "units": status["units"]["merged"] == status["units"]["total"] == 2,
    }
    return " ".join(name for name, holds in checks.items() if not holds), json.loads(record) if record else None


def age(record: Record) -> tuple[str, str]:
    return record["manifest"]["modified"], record["job"]


def moment(record: Record, fact: str) -> datetime:
    return datetime.fromisoformat(record[fact])


def passed_by(records: list[Record]) -> list[str]:
    """Who had been in line for long enough, and saw a younger one go on before."""
    started = sorted((r for r in records if r["admitted"]), key=lambda record: moment(record, "admitted"))
    wrong = []
    for place, record in enumerate(started):
        before = moment(record, "accepted") + LATEST
        if any(age(other) > age(record) and moment(other, "admitted") > before for other in started[:place]):
            wrong.append(f"{record['manifest']['path']} was passed by a younger one")
    return wrong


def displaced(records: list[Record]) -> int:
    """By how many places the start of a job differs from its age, at most."""
    started = sorted((r for r in records if r["admitted"]), key=lambda record: moment(record, "admitted"))
    places = {record["job"]: place for place, record in enumerate(sorted(started, key=age))}
    return max((abs(place - places[record["job"]]) for place, record in enumerate(started)), default=0)
