"""What the methods of a sampled variable see of its samples.

A sample bears the end of the 30 seconds it stands for and arrives one period later: a formula sees nothing of about
the last minute. Windows are open at their older end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.batch_emulator.autoscale.values import Vector

PERIOD = timedelta(seconds=30)
DELAY = timedelta(seconds=30)
# What GetSample over a time frame asks for when the formula names no percentage: seen in the service's own messages
# for formulas that name none.
DEFAULT_PERCENT = 70.0


class TooFewSamples(Exception):
    """GetSample found less than it must."""

    def __init__(self, wanted: float, received: float) -> None:
        """Keep both percentages."""
        super().__init__(f"wanted {wanted:g}%, received {received:g}%")
        self.wanted = wanted
        self.received = received


@dataclass(frozen=True)
class History:
    """The samples of one variable that have arrived, oldest first."""

    samples: tuple[tuple[datetime, float], ...]

    def last(self, count: float) -> Vector:
        """Give the newest `count` values, oldest first. Raises TooFewSamples when there are not so many."""
        wanted = math.ceil(count)
        if wanted < 1:
            raise ValueError(f"GetSample of {count:g} samples")
        if len(self.samples) < wanted:
            raise TooFewSamples(100, 100 * len(self.samples) / wanted)
        return tuple(value for _, value in self.samples[-wanted:])

    def between(self, start: datetime, end: datetime, percent: float) -> Vector:
        """Give the values of a time frame. Raises TooFewSamples when there are none or less than `percent`."""
        values = self._window(start, end)
        received = self.percent(start, end)
        if not values or received < percent:
            raise TooFewSamples(percent, received)
        return values

    def percent(self, start: datetime, end: datetime) -> float:
        """Give how many of the samples a time frame could hold have arrived, at most 100."""
        possible = max(1, math.floor(abs(end - start) / PERIOD))
        return min(100.0, 100 * len(self._window(start, end)) / possible)

    def _window(self, start: datetime, end: datetime) -> Vector:
        older, newer = min(start, end), max(start, end)
        return tuple(value for time, value in self.samples if older < time <= newer)


def arrived(samples: Sequence[tuple[datetime, float]], now: datetime, delay: timedelta) -> History:
    """Give the history as a formula sees it at `now`."""
    return History(tuple(sorted((time, float(value)) for time, value in samples if time <= now - delay)))
