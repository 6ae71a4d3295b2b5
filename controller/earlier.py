"""What the jobs before a retry left of each row, one byte a row. Pure.

0: nothing, the row runs. n from 1 on: the row is done, its outputs lie in the output container of `retry.of[n - 1]`.
With AGAIN added: they do, but units in it failed, so that it runs again; where that ends badly they count as before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from controller.outcome import GOOD, KEPT, NOT_RUN

AGAIN = 128
MOST_JOBS = AGAIN - 1
"""So many retries in a row, each of the one before."""


@dataclass(frozen=True)
class Earlier:
    rows: bytes

    def keeps(self, index: int) -> bool:
        """Is the row done already?"""
        return 0 < self.rows[index] < AGAIN

    def runs_again(self, index: int) -> bool:
        """Does it run again although it has outputs?"""
        return self.rows[index] >= AGAIN

    def holder(self, index: int) -> int:
        """Which of `retry.of` holds the row's outputs; only where there are some."""
        return self.rows[index] % AGAIN - 1

    @property
    def kept(self) -> int:
        return sum(0 < row < AGAIN for row in self.rows)


def passed_on(states: bytes, before: Earlier, partly_failed: Collection[int]) -> Earlier:
    """What a job leaves to its retry: `states` are its own, `before` is what was left to it, `partly_failed` the rows
    that ended well with failed units in them."""
    rows = bytearray(_passed_on(state, before.rows[index]) for index, state in enumerate(states))
    for index in partly_failed:
        if 0 < rows[index] < AGAIN:
            rows[index] += AGAIN
    return Earlier(bytes(rows))


def _passed_on(state: int, before: int) -> int:
    if state == GOOD:
        return 1
    untouched = state == NOT_RUN and 0 < before < AGAIN
    return before % AGAIN + 1 if state == KEPT or untouched else 0
