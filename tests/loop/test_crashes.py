"""Killed at any call to the world, before or after its effect: the same end, nothing doubled, nothing left."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.loop.ground import Container, Ground, Program
from tests.loop.mortal import Killed, Killer, mortal
from tests.loop.test_jobs import LINES, RANGE, number
from tests.loop.test_merging import long_number
from tests.loop.test_shared_pools import operated
from tests.loop.test_sides import RECOMBINER, SPLITTER, cutter, recombine


@dataclass(frozen=True)
class Reference:
    """A job, its program, and what becomes of it. `retries`: the job that ended before, which this one retries.
    `streams`: the store cannot make blocks from ranges."""

    manifest: str
    program: Program
    state: str
    cancel: bool = False
    retries: str | None = None
    streams: bool = False


def copy(container: Container) -> None:
    container.write(container.read())


def headers(container: Container) -> None:
    """A table of its own for each: they cannot be one."""
    container.write(f"{container.args[0]}\n1\n".encode())


def fails_once(container: Container) -> int:
    """A version of the program that a line is too much for; the retry says another."""
    if b"line 4\n" in container.read() and "MENDED" not in container.env:
        return 1
    copy(container)
    return 0


def fails_on_three(container: Container) -> int:
    if container.args[0] == "3":
        return 1
    number(container)
    return 0


def skips_three(container: Container) -> int:
    if container.args[0] == "3":
        return 3
    number(container)
    return 0


def own_name(container: Container) -> None:
    container.write(b"x", f"{container.args[0]}.txt")


MENDED = 'container: {environment: {MENDED: "yes"}}\n'
BY_RANGES = LINES.replace("unitsPerTask: 3", "tasks: 2")
JOBS = {
    "good": Reference(LINES, copy, "succeeded"),
    "failing": Reference(RANGE, fails_on_three, "failed"),
    "tolerated": Reference(RANGE + "failure: {tolerated: 1}\n", fails_on_three, "succeeded"),
    "cancelled": Reference(RANGE, number, "cancelled", cancel=True),
    "cut": Reference(BY_RANGES, copy, "succeeded"),
    "streamed": Reference(BY_RANGES, copy, "succeeded", streams=True),
    "composed": Reference(RANGE.replace("stop: 5", "stop: 2"), long_number, "succeeded"),
    "files": Reference(RANGE.replace("stop: 5", "stop: 2") + "merge: {by: files}\n", own_name, "succeeded"),
    "own splitter": Reference(SPLITTER, cutter(None), "succeeded"),
    "own recombiner": Reference(RECOMBINER, recombine, "succeeded"),
    "retried": Reference(MENDED, fails_once, "succeeded", retries=LINES + "failure: {tolerated: 3}\n"),
    "canary": Reference(RANGE + "canary: true\n", number, "succeeded"),
    "skipping": Reference(RANGE + "failure: {skipOn: [3]}\nlogs: all\n", skips_three, "succeeded"),
    "sent again": Reference(
        RANGE + "failure: {tolerated: 1, stopOn: [9]}\nlimits: {maxTaskRetryCount: 2}\n", fails_on_three, "succeeded"
    ),
    "mounted": Reference(RANGE.replace("stop: 5", "stop: 2") + "compute: {staging: mount}\n", number, "succeeded"),
    "shared pool": Reference(RANGE.replace("stop: 5", "stop: 2") + "compute: {pool: night}\n", number, "succeeded"),
    "merged again": Reference("merge: {by: lines}\n", headers, "succeeded", retries=RANGE + "merge: {by: csv}\n"),
}
TEXT = "".join(f"line {n}\n" for n in range(12))


def live(ground: Ground, job: Reference) -> None:
    """The life of a job from its drop to its end."""
    ground.drop(manifest_of(job, ground))
    ground.round(job.program, most=1)
    if job.cancel:
        ground.drop("", "job.yaml.cancel")
    ground.settle(job.program)


def manifest_of(job: Reference, ground: Ground) -> str:
    if job.retries is None:
        return job.manifest
    return ground.blob(ground.status()["links"]["retry"]).decode() + job.manifest


def outcome(ground: Ground) -> tuple[object, ...]:
    """What must be the same however often the process died."""
    status = ground.status()
    result = ground.result(status["jobId"])
    path = status["links"]["result"]
    merged = merged_bytes(ground, path) if path else None
    units = status["units"]
    assert units["total"] == sum(units[k] for k in ("merged", "pending", "failed", "skipped", "notRun"))
    return status["state"], status["final"], result["state"], merged, status["cleanup"]["state"]


def merged_bytes(ground: Ground, path: str) -> list[bytes]:
    """The result; with merge.by files, all that its index names."""
    if not path.endswith("/"):
        return [ground.blob(path)]
    index = ground.blob(path.removesuffix("files/") + "index.jsonl")
    return [ground.blob(json.loads(line)["path"]) for line in index.splitlines()]


def prepared(job: Reference) -> Ground:
    ground = operated(Ground())
    ground.world.work.unsupported = job.streams
    ground.put("data/big.txt", TEXT)
    ground.put("data/big.bin", "one|two|three")
    if job.retries is not None:
        ground.drop(job.retries)
        while not ground.status()["final"]:
            ground.round(job.program)
    return ground


def crash(job: Reference, at: int, after: bool) -> Ground:
    """Die at that call; then a new process gets every hint again."""
    ground = prepared(job)
    whole = ground.world
    ground.world = mortal(whole, Killer(at, after))
    try:
        live(ground, job)
        # What a process has learnt of its store saves it a call: the last ones of a streamed job may not be reached.
        assert job.streams, f"the process never made call {at}"
    except Killed:
        ground.world = whole
        whole.clock.advance(timedelta(seconds=31))
        ground.event()
        if job.cancel:
            ground.drop("", "job.yaml.cancel")
        ground.world.clock.advance(timedelta(minutes=2))
        ground.sweep()
        ground.settle(job.program)
    return ground


def calls_of(job: Reference) -> list[str]:
    ground = prepared(job)
    killer = Killer()
    ground.world = mortal(ground.world, killer)
    live(ground, job)
    return killer.calls


@dataclass
class Interrupted(Killer):
    """Does not die at its call: someone else drops a cancel right before it."""

    ground: Ground | None = None

    def call(self, name: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        self.calls.append(name)
        if len(self.calls) == self.at and self.ground is not None:
            self.ground.world.control.put("jobs", "job.yaml.cancel", b"")
        return method(*args, **kwargs)


STRIDE = int(os.environ.get("CRASH_STRIDE", "10"))
"""Every tenth call in each run; the runs are staggered. CRASH_STRIDE=1 tries them all (many minutes)."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", JOBS)
def test_killed_at_any_call_the_job_ends_the_same(name: str, after: bool) -> None:
    """One verdict, the identical merged bytes, no pool, job or container left."""
    job, first = JOBS[name], 1 + (2 * list(JOBS).index(name) + after) % STRIDE
    clean = prepared(job)
    live(clean, job)
    expected = outcome(clean)
    assert expected[0] == job.state
    calls = calls_of(job)
    assert len(calls) > 100
    for at in range(first, len(calls) + 1, STRIDE):
        ground = crash(job, at, after)
        point = f"{'after' if after else 'before'} call {at} of {len(calls)}: {calls[at - 1]}"
        if not job.cancel:
            assert outcome(ground) == expected, point
        else:
            assert outcome(ground)[0] in ("cancelled", "succeeded"), point
        assert ground.left() == [], point
        assert ground.open_jobs() == [], point


@pytest.mark.parametrize("name", ["good", "canary", "skipping"])
def test_a_cancel_at_any_call_ends_the_job_and_leaves_nothing(name: str) -> None:
    """Whatever the job was doing: cancelled, or, after the verdict, its result; the sum adds up; nothing is left."""
    job = JOBS[name]
    states = set()
    for at in range(1, len(calls_of(job)) + 1, STRIDE):
        ground = prepared(job)
        whole = ground.world
        ground.world = mortal(whole, Interrupted(at, ground=ground))
        ground.drop(job.manifest)
        ground.round(job.program, most=1)
        ground.sweep()
        for _ in range(4):
            ground.round(job.program, most=2)
            ground.sweep()
        ground.settle(job.program)
        states.add(outcome(ground)[0])
        assert ground.left() == [], f"cancel at call {at}"
    assert states == {"cancelled", "succeeded"}
