"""The platform's timer stops for good: the messages that stand in for it never die out."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from controller import triggers
from shared.errors import Transient
from shared.names import STATE
from tests.loop.ground import Ground, Program
from tests.loop.mortal import Killed, Killer, mortal
from tests.loop.test_jobs import RANGE, number

FIVE = timedelta(minutes=5)


def number_kept(ground: Ground) -> int:
    blob = ground.world.control.read(STATE, "tick")
    assert blob is not None
    return int(json.loads(blob.content)["number"])


def next_ticks(ground: Ground) -> list[int]:
    """The numbers of the tick messages under way that will not be dropped."""
    kept, bodies = number_kept(ground), [message.body for message in ground.world.queue.messages]
    return [int(body["number"]) for body in bodies if body["kind"] == "tick" and int(body["number"]) == kept]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_tick_message_that_dies_half_way_leaves_another(at: int, after: bool) -> None:
    """Whatever call its process dies at, once the host has brought it again there is a message that counts."""
    ground = Ground()
    ground.tick()
    ground.world.clock.advance(FIVE)
    whole = ground.world
    ground.world = mortal(whole, Killer(at, after))
    with pytest.raises(Killed):
        ground.deliver()
    ground.world = whole
    ground.deliver()
    assert next_ticks(ground)


@pytest.mark.parametrize("call", ["put", "send"])
def test_a_tick_message_in_bad_weather_leaves_another(call: str) -> None:
    """Where the store or the queue is busy the host gets the message back; given up, it starts anew."""
    ground = Ground()
    ground.tick()
    ground.world.clock.advance(FIVE)
    (message,) = ground.world.queue.take()
    port = ground.world.control if call == "put" else ground.world.queue
    port.fail_next(call, Transient("busy"), times=3)
    for _ in range(3):
        with pytest.raises(Transient):
            triggers.on_wake(message, ground.world.ports, ground.deployment)
    triggers.on_poison(message, ground.world.ports, ground.deployment)
    assert next_ticks(ground)


def test_a_busy_second_clock_keeps_nobody_from_his_work() -> None:
    """The timer's round over the open jobs goes on without it; no trouble of a service leaves the trigger."""
    ground = Ground()
    ground.drop(RANGE, announce=0)
    ground.sweep()
    ground.world.queue.fail_next("send", Transient("busy"))
    ground.tick()
    for listing in ("list", "names"):
        ground.world.control.fail_next(listing, Transient("busy"), times=3)
    for trigger in (ground.tick, ground.sweep, ground.reap):
        trigger()
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def pass_hours(ground: Ground, hours: int, program: Program = number) -> None:
    """No timer fires; messages come when they are due."""
    for _ in range(hours * 12):
        ground.world.clock.advance(FIVE)
        for _ in range(4):
            ground.deliver()
            ground.run_tasks(program)


@pytest.mark.parametrize("begun_by", ["tick", "sweep"])
def test_with_all_timers_dead_what_nobody_announced_is_found_all_the_same(begun_by: str) -> None:
    """A manifest whose event was lost is accepted, run to its end and cleaned up, by messages alone."""
    ground = Ground()
    getattr(ground, begun_by)()
    ground.drop(RANGE, announce=0)
    pass_hours(ground, 1)
    assert ground.status()["state"] == "succeeded"
    assert (ground.left(), ground.open_jobs()) == ([], [])


def test_with_all_timers_dead_what_nobody_owns_is_still_deleted() -> None:
    """A pool that came back after its job was archived goes within hours."""
    ground = Ground()
    ground.tick()
    ground.drop(RANGE)
    (pool,) = ground.world.batch.pools.values()
    pass_hours(ground, 1)
    ground.world.batch.create_pool(pool.spec)
    assert ground.left()
    pass_hours(ground, 5)
    assert ground.left() == []


def test_timers_that_are_alive_are_not_called_for() -> None:
    """Where they fire as they should, the queue holds ticks alone."""
    ground = Ground()
    for minute in range(0, 360, 5):
        ground.tick()
        ground.sweep()
        if minute % 60 == 0:
            ground.reap()
        assert {message.body["kind"] for message in ground.world.queue.messages} <= {"tick"}
        ground.world.clock.advance(FIVE)
        ground.deliver()
