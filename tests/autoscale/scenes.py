"""Courses of events that are both tested and drawn in docs/autoscale.md."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from controller.autoscale import formula
from tests.autoscale.scene import Scene
from tests.fakes.clock import START

MOST, SLOTS = 10, 4


def ordinary(tasks: int, *, spot: bool = True) -> str:
    """The formula of a new pool."""
    return formula(created=START, tasks=tasks, most=MOST, slots=SLOTS, spot=spot)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def long_tail(stage: Scene) -> None:
    """Most tasks end soon, three go on for hours."""
    stage.make(ordinary(63), SLOTS)
    stage.add(60, minutes(15))
    stage.add(3, minutes(150))
    stage.run(230)


def waves(stage: Scene) -> None:
    """Half of the spot nodes go every twenty minutes, and others come four minutes later."""
    stage.make(ordinary(200), SLOTS)
    stage.add(200, minutes(12))
    for _ in range(5):
        stage.run(20)
        stage.preempt(5, back_after=240)
    stage.run(60)


def moved(stage: Scene) -> None:
    """Four spot nodes go for good after half an hour; the formula is replaced by the dedicated one."""
    stage.make(ordinary(200), SLOTS)
    stage.add(200, minutes(25))
    stage.run(30)
    stage.preempt(4, back_after=None)
    stage.run(1)
    stage.change(formula(created=stage.now, tasks=160, most=MOST, slots=SLOTS, spot=False))
    stage.run(180)


DRAWN: dict[str, Callable[[Scene], None]] = {"a long tail": long_tail, "waves": waves, "to dedicated": moved}
"""By the name that the page gives the picture."""
