"""The scanner by itself: how long it rests."""

from typing import Any

import pytest

from local.functions_host.blob_scan import BlobScanner


class Crowd:
    """A container whose listing takes its time, and the clock that shows it."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self._seconds = seconds

    def look(self, budget: int) -> None:
        """List them all."""
        assert budget > 0
        self.now += self._seconds


@pytest.mark.parametrize(("takes", "rests"), [(0.01, 1.0), (3.0, 12.0)])
def test_what_takes_long_is_done_less_often(takes: float, rests: float) -> None:
    """The listing of a crowd leaves most of the host to what runs; a small one comes at its interval."""
    crowd: Any = Crowd(takes)
    assert BlobScanner([crowd], 1.0, lambda: crowd.now).step() == pytest.approx(rests)
