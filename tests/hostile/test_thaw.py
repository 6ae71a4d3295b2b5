"""A worker stands still in the middle of a trigger; others finish the job; then it goes on as if nothing were."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from tests.hostile.ending import judge_end, quiet
from tests.hostile.jobs import KINDS
from tests.hostile.land import Hint, Land, Site

STRIDE = int(os.environ.get("HOSTILE_STRIDE", "15"))
"""Every fifteenth call, staggered by kind. HOSTILE_STRIDE=1 tries them all."""
NONE = timedelta(0)
FOR_EVER = 100_000


def next_hints(site: Site) -> list[Hint]:
    """What the host delivers next: hints that are due, else the timer."""
    site.collect()
    due, site.hints = site.hints, []
    return due or [Hint("timer", site.timers()["tick"])]


def live(land: Land, calls: int) -> int:
    """The life of what lies in the drop box; at that call its worker freezes. Answers how many were made."""
    made, site = 0, land.sites[0]
    for _ in range(200):
        for hint in next_hints(site):
            worker = land.start(site, hint, NONE, calls - made)
            made += worker.calls
            if not worker.done:
                land.frozen.append(land.workers.pop())
                return made
        land.run_tasks(None)
        land.clock.advance(timedelta(seconds=20))
        if not site.open_jobs():
            return made
    raise AssertionError("the job does not end")


def dropped(kind: str) -> Land:
    land = Land()
    land.sites[0].drop("a.yaml", KINDS[kind], 1)
    return land


@pytest.mark.parametrize("kind", ["numbers", "tolerated", "lines", "ranges", "files"])
def test_a_worker_thawed_after_the_end_changes_nothing(kind: str) -> None:
    """Frozen before any call to the world: one verdict, one result, the same bytes, final for good, nothing left."""
    first = sorted(KINDS).index(kind)
    for calls in range(first, live(dropped(kind), FOR_EVER), STRIDE):
        land = dropped(kind)
        live(land, calls)
        quiet(land)
        judge_end(land)
