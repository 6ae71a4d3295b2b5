"""Many jobs at once end one after the other, in the order of their dropping, at a cost that grows with their number."""

from __future__ import annotations

from tests.load.crowd import NODES, by_quota, calls, drop, on_one_pool
from tests.loop.test_shared_pools import SHARED, operated

MOST_EACH = 400
"""Calls of ports for one small job from its drop to its end, its share of the line included."""


def test_a_crowd_waits_in_line_for_four_pools() -> None:
    """All 60 end, the oldest first; none is lost, nothing is left."""
    found = by_quota(60, 4)
    assert not found.wrong
    assert found.calls < MOST_EACH * found.jobs * 2


def test_a_crowd_shares_one_pool() -> None:
    """All 60 end on eight nodes that somebody else owns."""
    found = on_one_pool(60)
    assert not found.wrong
    assert found.calls < MOST_EACH * found.jobs


def test_fifty_open_jobs_are_looked_at_in_one_tick() -> None:
    """Each costs as much as it does alone: some dozen calls, whatever their number."""
    ground = operated(nodes=NODES)
    drop(ground, SHARED, 50)
    ground.sweep()
    for _ in range(3):
        ground.tick()
        ground.deliver()
    assert len(ground.open_jobs()) == 50
    ground.world.batch.start()
    ground.world.clock.advance(ground.deployment.pass_time)
    before = calls(ground)
    ground.tick()
    assert 50 * 5 < calls(ground) - before < 50 * 20
