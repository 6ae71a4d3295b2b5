"""A timer listener by itself: time passes only when the test says so."""

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.functions_host.bindings import Binding
from local.functions_host.indexing import IndexedFunction
from local.functions_host.invocation import Call
from local.functions_host.schedule import read_schedule
from local.functions_host.signature import Signature
from local.functions_host.timer_trigger import Timer, TimerListener

_NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


class World:
    """A clock, a lock that is held or not, and an invoker whose runs take time and may fail."""

    seconds = 15

    def __init__(self, run_takes: float = 0, fails: bool = False) -> None:
        self.now = _NOON
        self.held = True
        self.fired: list[datetime] = []
        self._run_takes = timedelta(seconds=run_takes)
        self._fails = fails

    def acquire(self) -> bool:
        """Never: somebody else has it."""
        return False

    def start(self, call: Call) -> "Future[Any]":
        """Run to the end at once, with the clock moved on."""
        self.fired.append(self.now)
        self.now += self._run_takes
        result: Future[Any] = Future()
        if self._fails:
            result.set_exception(ValueError("as asked"))
        else:
            result.set_result(None)
        return result

    def pass_time(self, listener: TimerListener, seconds: float) -> None:
        """Let the listener live for so long."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            pause = listener.step()
            self.now = min(end, self.now + timedelta(seconds=pause)) if pause else self.now


def _listener(world: Any, schedule: str) -> TimerListener:
    trigger = Binding("f", "timerTrigger", "timer", False, {})
    function = IndexedFunction("f", Path(), print, trigger, (), None, Signature(False, False, {}), None)
    return TimerListener(Timer(function, read_schedule(schedule, "f"), None, False), world, world, lambda: world.now)


def _offsets(world: World) -> list[float]:
    return [(time - _NOON).total_seconds() for time in world.fired]


def test_it_fires_at_each_occurrence() -> None:
    """Exactly on time, and not twice for one occurrence."""
    world = World()
    world.pass_time(_listener(world, "*/10 * * * * *"), 35)
    assert _offsets(world) == [10, 20, 30]


def test_a_long_run_is_followed_by_one_run_at_once() -> None:
    """Of the occurrences that a run outlasts only one is made up for, and two runs never overlap."""
    world = World(run_takes=25)
    world.pass_time(_listener(world, "*/10 * * * * *"), 90)
    assert _offsets(world) == [10, 35, 60, 85]


def test_failures_do_not_stop_it() -> None:
    """A handler that raises is called again at the next occurrence."""
    world = World(fails=True)
    world.pass_time(_listener(world, "*/10 * * * * *"), 25)
    assert _offsets(world) == [10, 20]


def test_it_is_silent_without_its_lock() -> None:
    """A lost lock stops it before the next occurrence; it asks again each quarter of the lease."""
    world = World()
    listener = _listener(world, "*/10 * * * * *")
    world.pass_time(listener, 15)
    world.held = False
    assert listener.step() == 15 / 4
    world.pass_time(listener, 60)
    assert _offsets(world) == [10]
