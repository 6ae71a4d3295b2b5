"""Services that take seconds for each answer: cursors are saved on the way, deadlines come, and the end is the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.clock import VirtualClock
from tests.loop.ground import Ground
from tests.loop.mortal import Killed, Killer, mortal
from tests.loop.test_crashes import JOBS, Reference, live, outcome, prepared


@dataclass
class Slow(Killer):
    """Each call takes its time; one of them may be the last."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    takes: timedelta = timedelta(seconds=11)

    def call(self, name: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.dead:
            self.clock.advance(self.takes)
        return super().call(name, method, *args, **kwargs)


def lived(job: Reference, at: int = 0, takes: int = 11) -> tuple[Ground, Slow]:
    """The whole life; where a process dies at that call, a new one, as slow as it was, brings the job to its end."""
    ground = prepared(job)
    whole, slow = ground.world, Slow(at, clock=ground.world.clock, takes=timedelta(seconds=takes))
    ground.world = mortal(whole, slow)
    try:
        live(ground, job)
    except Killed:
        whole.clock.advance(timedelta(minutes=3))
        ground.world = mortal(whole, Slow(clock=whole.clock, takes=slow.takes))
        ground.event()
        ground.sweep()
        ground.settle(job.program)
    return ground, slow


@pytest.mark.parametrize("takes", [3, 4, 7, 11])
@pytest.mark.parametrize("name", ["good", "own recombiner"])
def test_however_slow_a_store_is_the_job_comes_to_its_end(name: str, takes: int) -> None:
    """Where a tick has no time left to do anything, the queue is given the job."""
    clean = prepared(JOBS[name])
    live(clean, JOBS[name])
    ground, _ = lived(JOBS[name], takes=takes)
    assert outcome(ground) == outcome(clean)
    assert ground.left() == []


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("tolerated", "batch.terminate_job", "batch.delete_pool"),
        ("own recombiner", "batch.create_pool", "batch.add_tasks"),
    ],
    ids=["evidence", "recombiner"],
)
def test_killed_between_two_cursors_the_job_ends_the_same(name: str, since: str, until: str) -> None:
    """What a long step saves on its way never says more than what is done."""
    job = JOBS[name]
    clean, slow = lived(job)
    expected, failed = outcome(clean), rows_of(clean)
    stop = last(until, slow.calls)
    for at in range(last(since, slow.calls[:stop]), stop + 1):
        ground, _ = lived(job, at)
        assert outcome(ground) == expected, f"call {at}: {slow.calls[at - 1]}"
        assert rows_of(ground) == failed, f"call {at}: {slow.calls[at - 1]}"
        assert (ground.left(), ground.open_jobs()) == ([], [])


def last(name: str, calls: list[str]) -> int:
    """The number, from 1, of its last call; a pool is deleted again until it is gone: of that, the first."""
    return calls.index(name) + 1 if name == "batch.delete_pool" else len(calls) - calls[::-1].index(name)


def rows_of(ground: Ground) -> bytes | None:
    """failed.jsonl, where there is one."""
    link = ground.status()["links"]["failed"]
    return ground.blob(link) if link else None
