"""A crowd of small jobs on the controller in memory: dropped at once, brought to their ends, counted."""

from __future__ import annotations

import json
import resource
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from controller.threads import alone
from shared.names import JOBS, STATE
from shared.ports import NodeCounts, Quotas
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number
from tests.loop.test_shared_pools import SHARED, operated
from tests.loop.test_shared_pools import number as shared_number

STEP = timedelta(seconds=20)
SECOND = timedelta(seconds=1)
NODES = NodeCounts(idle=8, total=8)
SMALL = RANGE.replace("stop: 5", "stop: 1")


@dataclass
class Crowd:
    """What became of it. `calls`: of ports, all jobs together; `busiest`: in one round (tick, messages). `megabytes`:
    the largest that this process ever was, its in-memory services included. `wrong`: the laws that did not hold."""

    name: str
    jobs: int
    rounds: int
    calls: int
    busiest: int
    hours: float
    megabytes: int
    seconds: float
    wrong: tuple[str, ...]


def by_quota(jobs: int, pools: int) -> Crowd:
    """Jobs with pools of their own, in an account that holds `pools` of them."""
    ground = Ground()
    ground.world.batch.pool_quota, ground.world.batch.account = pools, Quotas(pools=pools, jobs=1000)
    return watched(f"{pools} pools", ground, SMALL, jobs, number)


def on_one_pool(jobs: int) -> Crowd:
    """Jobs on one shared pool."""
    return watched("one shared pool", operated(nodes=NODES), SHARED, jobs, shared_number)


def watched(name: str, ground: Ground, manifest: str, jobs: int, program: Any) -> Crowd:
    """All are dropped, none is announced; the listing finds them; time goes on until none is open."""
    began, start, before = time.monotonic(), ground.world.clock.now(), calls(ground)
    drop(ground, manifest, jobs)
    rounds, busiest = 0, 0
    with alone():
        ground.sweep()
        while ground.open_jobs() and rounds < 20 * jobs:
            asked = calls(ground)
            ground.tick()
            ground.deliver()
            busiest, rounds = max(busiest, calls(ground) - asked), rounds + 1
            ground.run_tasks(program)
            ground.world.clock.advance(STEP)
    hours = (ground.world.clock.now() - start) / timedelta(hours=1)
    return Crowd(
        name,
        jobs,
        rounds,
        calls(ground) - before,
        busiest,
        round(hours, 1),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        round(time.monotonic() - began, 1),
        tuple(judge(ground, jobs)),
    )


def drop(ground: Ground, manifest: str, jobs: int) -> None:
    """A second apart, so that there is an oldest one."""
    for index in range(jobs):
        ground.world.control.put(JOBS, path_of(index), manifest.encode())
        ground.world.clock.advance(SECOND)


def path_of(index: int) -> str:
    return f"crowd/{index:05}.yaml"


def judge(ground: Ground, jobs: int) -> list[str]:
    """Each ended well, in the order of their dropping, and nothing is left."""
    wrong = [f"still open: {len(ground.open_jobs())} jobs"] if ground.open_jobs() else []
    states = [ground.status(path_of(index)) for index in range(jobs)]
    wrong += [f"{path_of(i)}: {each['state']}" for i, each in enumerate(states) if each["state"] != "succeeded"]
    admitted = [record(ground, each["jobId"])["admitted"] for each in states]
    wrong += [f"{path_of(i)} was admitted before an older one" for i in out_of_order(admitted)]
    return wrong + [f"left: {each}" for each in ground.left()]


def out_of_order(moments: list[str]) -> list[int]:
    return [index for index in range(1, len(moments)) if moments[index] < moments[index - 1]]


def record(ground: Ground, job: str) -> dict[str, Any]:
    blob = ground.world.control.read(STATE, f"records/{job}.json")
    assert blob is not None, f"no record of {job}"
    return dict(json.loads(blob.content))


def calls(ground: Ground) -> int:
    """Of all ports so far."""
    world = ground.world
    ports = (world.control, world.work, world.batch, world.locks, world.queue, world.events)
    return sum(port.calls.total() for port in ports)
