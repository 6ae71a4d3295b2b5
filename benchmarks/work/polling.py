"""A job whose tasks are all out, looked at again and again."""

from __future__ import annotations

from typing import Any

from benchmarks.jobs import ENOUGH, bring_on, drop
from benchmarks.work.submitting import of_numbers
from benchmarks.world import open_world

SECONDS = 20
"""As a tick has."""


def poll(place: dict[str, Any], name: str, tasks: int, times: int) -> dict[str, Any]:
    """A new job of so many tasks; then polls, each one pass as a tick makes it: load, observe, decide, save.

    The first one, which also says what the submission changed, does not count.
    """
    world = open_world(place)
    job = drop(world, name, of_numbers(tasks))
    bring_on(world, job, ENOUGH.total_seconds())
    polls = []
    for _ in range(times + 1):
        started = world.look()
        record = bring_on(world, job, SECONDS, long=False)
        polls.append(vars(world.look() - started))
    return {"polls": polls[1:], "added": record.added}
