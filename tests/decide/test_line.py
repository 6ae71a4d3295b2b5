"""The line for quota: how often who waits there is looked at."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from controller.rules.pauses import pause_at

DAY = timedelta(days=1)


@pytest.mark.parametrize(("place", "minutes"), [(1, 1), (20, 1), (40, 2), (200, 10), (5000, 10)])
def test_the_front_of_the_line_is_looked_at_every_minute_its_end_every_ten(place: int, minutes: int) -> None:
    """In between, the further back the less often."""
    assert pause_at(place, DAY) == timedelta(minutes=minutes)


def test_a_thousand_in_line_cost_little_more_than_a_hundred() -> None:
    """Looks a minute, all of the line together: far below one for each job."""
    pauses = [pause_at(place, DAY) for place in range(1, 1001)]
    assert all(near <= far for near, far in pairwise(pauses))
    assert sum(timedelta(minutes=1) / pause for pause in pauses) < 160


def test_who_gives_up_soon_is_looked_at_in_time() -> None:
    """limits.queueTimeout ends the wait of a job far back within a minute of its time."""
    assert pause_at(500, timedelta(minutes=3)) == timedelta(minutes=3)
    assert pause_at(500, timedelta(seconds=-5)) == timedelta(minutes=1)
