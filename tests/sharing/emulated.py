"""A controller whose storage is in memory and whose Batch account is the emulator, reached through the SDK.

One clock moves both. A task takes as long as a test says, and needs no files: its exit code is all that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from local.batch_emulator.execution import Launch, Outcome
from shared.names import Owner
from tests.contract.batch_ground import WireGround, wire_ground
from tests.fakes.world import make_world
from tests.loop.ground import Ground

STEP = timedelta(seconds=30)


class Emulated(Ground):
    """`minutes` of virtual time pass in ticks of half a minute."""

    wire: WireGround

    def minutes(self, count: float, until: Callable[[], bool] = lambda: False) -> None:
        for _ in range(int(count * 60 / STEP.total_seconds())):
            self.half_minute()
            if until():
                return

    def half_minute(self) -> None:
        self.tick()
        self.deliver()
        self.world.clock.advance(STEP)
        self.wire.pass_time(STEP)

    def over(self) -> bool:
        return not self.open_jobs()


@contextmanager
def emulated(folder: Path, lasts: timedelta = timedelta(seconds=60)) -> Iterator[Emulated]:
    """A controller beside an emulated account whose tasks last that long."""
    with wire_ground(folder) as wire:
        wire.program = Lasting(wire, lasts)
        yield beside(wire)


def beside(wire: WireGround, owner: Owner | None = None) -> Emulated:
    """One more controller on an emulated account."""
    world = make_world()
    world.secrets.values |= wire.secrets.values
    ground = Emulated(world=replace(world, ports=replace(world.ports, batch=wire.batch)))
    ground.wire = wire
    if owner is not None:
        ground.deployment = replace(ground.deployment, owner=owner)
    return ground


class Lasting:
    """Ends each run well once it has lasted."""

    def __init__(self, wire: WireGround, lasts: timedelta) -> None:
        self._wire, self._lasts = wire, lasts
        self._since: dict[tuple[str | None, str | None], datetime] = {}

    def __call__(self, launch: Launch) -> Outcome | None:
        now = self._wire.server.emulator.world.now()
        since = self._since.setdefault((launch.job_id, launch.task_id), now)
        return Outcome(0, None) if now - since >= self._lasts or launch.kind != "task" else None
