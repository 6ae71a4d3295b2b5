"""A worker frozen right before it makes something, the job ended by another meanwhile, then thawed: nothing is left."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from controller.reaper import reap
from shared.errors import Conflict, Transient
from shared.names import STATE
from tests.loop.ground import Ground, Program
from tests.loop.test_jobs import LINES, RANGE, copy, number
from tests.loop.test_sides import RECOMBINER, SPLITTER, cutter, recombine


@dataclass(frozen=True)
class Frozen:
    """Where a worker freezes: before the `nth` call of a method that is about a thing of this name."""

    port: str
    method: str
    manifest: str
    program: Program
    nth: int = 1
    about: str = ""


@dataclass
class Interrupting:
    """A port before one call of which something else happens: another worker, faster than this one."""

    inner: Any
    moment: Frozen
    happens: Any
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        return partial(self.call, method) if name == self.moment.method else method

    def call(self, method: Any, *args: Any, **kwargs: Any) -> Any:
        self.calls += any(self.moment.about in str(argument) for argument in args[:2])
        if self.calls == self.moment.nth:
            self.calls += 1
            self.happens()
        return method(*args, **kwargs)


@dataclass
class After:
    """A port that has something happen once, after a call about a thing whose name ends so."""

    inner: Any
    method: str
    about: str
    happens: Any
    done: bool = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        return partial(self.call, method) if name == self.method else method

    def call(self, method: Any, thing: Any) -> Any:
        answer = method(thing)
        if not self.done and thing.id.endswith(self.about):
            self.done = True
            self.happens()
        return answer


MOMENTS = {
    "the marker": Frozen("control", "put", RANGE, number, about="open/"),
    "the claim": Frozen("control", "put", RANGE, number, about="records/"),
    "the first save": Frozen("control", "put", RANGE, number, 2, "records/"),
    "the input container": Frozen("work", "create_container", RANGE, number),
    "the output container": Frozen("work", "create_container", RANGE, number, 2),
    "an access policy": Frozen("work", "allow", RANGE, number),
    "the config": Frozen("work", "put", LINES, copy, about="config.json"),
    "the pool": Frozen("batch", "create_pool", RANGE, number),
    "an input": Frozen("work", "put", LINES, copy, about="t-000001/"),
    "the job": Frozen("batch", "create_job", RANGE, number),
    "the tasks": Frozen("batch", "add_tasks", RANGE, number),
    "the splitter's pool": Frozen("batch", "create_pool", SPLITTER, cutter(None)),
    "the splitter's job": Frozen("batch", "create_job", SPLITTER, cutter(None)),
    "the splitter's task": Frozen("batch", "add_tasks", SPLITTER, cutter(None)),
    "the pool after a splitter": Frozen("batch", "create_pool", SPLITTER, cutter(None), 2),
    "the recombiner's pool": Frozen("batch", "create_pool", RECOMBINER, recombine, 2),
    "the recombiner's job": Frozen("batch", "create_job", RECOMBINER, recombine, 2),
    "the recombiner's task": Frozen("batch", "add_tasks", RECOMBINER, recombine, 2),
    "the merged result": Frozen("work", "put", RANGE, number, about="/job"),
    "result.json": Frozen("work", "put", RANGE, number, about="result.json"),
    "the receipt": Frozen("work", "put", RANGE, number, about="receipt.json"),
}


@pytest.mark.parametrize("cancelled", [False, True], ids=["finished", "cancelled"])
@pytest.mark.parametrize("name", MOMENTS)
def test_a_worker_thawed_after_the_job_is_over_leaves_nothing(name: str, cancelled: bool) -> None:
    """What it still makes is deleted again, by itself or by the hourly look; one verdict, one result.json."""
    moment = MOMENTS[name]
    ground = Ground()
    ground.put("data/big.txt", "".join(f"line {n}\n" for n in range(12)))
    ground.put("data/big.bin", "one|two|three")
    whole, thaws = ground.world, []

    def the_other_ends_the_job() -> None:
        frozen, ground.world = ground.world, whole
        whole.clock.advance(timedelta(seconds=31))
        if cancelled:
            ground.drop("", "job.yaml.cancel")
        ground.sweep()
        ground.settle(moment.program)
        thaws.append(ground.status()["state"])
        ground.world = frozen

    inner = getattr(whole.ports, moment.port)
    interrupting = Interrupting(inner, moment, the_other_ends_the_job)
    ground.world = replace(whole, ports=replace(whole.ports, **{moment.port: interrupting}))
    ground.drop(moment.manifest)
    for _ in range(200):
        if thaws:
            break
        ground.round(moment.program)
        ground.world.clock.advance(timedelta(seconds=30))
    ground.world = whole
    for _ in range(2):
        whole.clock.advance(timedelta(hours=1))
        reap(whole.ports, ground.deployment)
    whole.clock.advance(timedelta(hours=1))
    assert thaws, f"no worker ever came to {name}"
    assert ground.left() == []
    assert ground.open_jobs() == []
    state = ground.status()["state"]
    assert [state] == thaws
    assert ground.result(ground.status()["jobId"])["state"] == state


HALFWAY = [name for name in MOMENTS if name not in ("the merged result", "result.json", "the receipt")]


def has_verdict(ground: Ground) -> bool:
    records = [ground.world.control.read(STATE, f"records/{job}.json") for job in ground.open_jobs()]
    return any(blob is not None and json.loads(blob.content)["verdict"] for blob in records)


def bring_to_verdict(ground: Ground, program: Program) -> None:
    """And no further: Batch does not let the job be ended, and the recombiner's task does not run."""
    world = ground.world
    world.clock.advance(timedelta(seconds=31))
    world.batch.fail_next("terminate_job", Transient("Batch is busy"), times=100)
    ground.sweep()
    for _ in range(12):
        world.clock.advance(timedelta(seconds=31))
        ground.tick()
        ground.deliver()
        ground.run_tasks(program, most=0 if has_verdict(ground) else 5)
    world.batch.faults.clear()
    assert has_verdict(ground)


@pytest.mark.parametrize("name", HALFWAY)
def test_a_worker_thawed_between_verdict_and_merge_takes_nothing_away(name: str) -> None:
    """The other one still needs what both have made: the outputs, and what the recombiner runs on."""
    moment = MOMENTS[name]
    ground = Ground()
    ground.put("data/big.txt", "".join(f"line {n}\n" for n in range(12)))
    ground.put("data/big.bin", "one|two|three")
    whole, thaws = ground.world, list[str]()

    def the_other_comes_to_the_verdict() -> None:
        frozen, ground.world = ground.world, whole
        bring_to_verdict(ground, moment.program)
        thaws.append(name)
        ground.world = frozen

    inner = getattr(whole.ports, moment.port)
    interrupting = Interrupting(inner, moment, the_other_comes_to_the_verdict)
    ground.world = replace(whole, ports=replace(whole.ports, **{moment.port: interrupting}))
    ground.drop(moment.manifest)
    while not thaws:
        ground.round(moment.program, step=timedelta(seconds=30))
    ground.world = whole
    ground.settle(moment.program)
    assert ground.status()["state"] == "succeeded", ground.status()["failure"]
    assert ground.left() == []


@pytest.mark.parametrize("made", ["-merge", "-split"])
def test_a_save_whose_answer_was_lost_takes_nothing_away(made: str) -> None:
    """The SDK repeats such a save and is told that someone else was first: the pass itself was."""
    manifest, program = (RECOMBINER, recombine) if made == "-merge" else (SPLITTER, cutter(None))
    ground = Ground()
    ground.put("data/big.bin", "one|two|three")
    whole = ground.world
    lost = partial(whole.control.fail_next, "put", Conflict("the ETag is another"), after=True)
    after = After(whole.ports.batch, "create_pool", made, lost)
    ground.world = replace(whole, ports=replace(whole.ports, batch=after))  # type: ignore[arg-type]  # a port all the same
    ground.drop(manifest)
    ground.settle(program)
    assert after.done
    assert ground.status()["state"] == "succeeded", ground.status()["failure"]
    assert ground.left() == []
