"""Outputs so small, or storage so slow, that a pass is over before one block of the result is full."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controller.merge.sizes import Sizes
from shared.errors import OutOfTime
from shared.names import output_container
from shared.record import MergeCursor
from tests.fakes.clock import VirtualClock
from tests.merge.ground import JOB, NOW
from tests.merge.passes import Passes
from tests.merge.test_passes import CASES, Case, end, undisturbed

NEVER_FULL = Sizes(block=100_000, compose_from=10**9, beat=1)
FILLING = ["concat streamed", "csv", "json", "zip"]
"""`reduce` comes on by levels of 64 outputs."""


class Hurried(VirtualClock):
    """Half a minute goes by at each look."""

    def now(self) -> datetime:
        self.advance(timedelta(seconds=30))
        return super().now()


def filling(case: Case) -> Passes:
    """No block goes out before the end, and every look at the clock finds that it takes long."""
    passes = replace(case.passes(), sizes=NEVER_FULL)
    ports = replace(passes.world.ports, clock=Hurried(NOW))
    return replace(passes, world=replace(passes.world, ports=ports))


@pytest.mark.parametrize("name", FILLING)
def test_a_block_that_takes_longer_than_a_pass_is_filled_over_many(name: str) -> None:
    """Tiny outputs by the hundred thousand: what was read of them is kept, and not read again in each pass."""
    passes = filling(CASES[name])
    committed, count = passes.one_checkpoint_each()
    assert end(passes, committed) == undisturbed(CASES[name])
    assert count > 3
    assert any(cursor.skip < 0 for cursor in passes.kept)


@pytest.mark.parametrize("name", FILLING)
def test_where_what_was_kept_of_a_block_is_gone_the_merge_begins_anew(name: str) -> None:
    """Someone cleared the workspace between two passes: nothing is missing in the end."""
    passes = filling(CASES[name])

    def stop(cursor: MergeCursor) -> None:
        if cursor.skip < 0:
            passes.keep(cursor)
            raise OutOfTime

    with pytest.raises(OutOfTime):
        passes.go(stop)
    container = output_container(JOB)
    for item in list(passes.world.work.list(container, "_merge/held-")):
        passes.world.work.delete(container, item.name)
    assert end(passes, passes.go()) == undisturbed(CASES[name])
