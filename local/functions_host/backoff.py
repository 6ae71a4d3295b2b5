"""The pause between looks at an empty queue: 100 ms at first, doubling with jitter up to a maximum."""

import random

_FIRST = 0.1


class Backoff:
    """Grows with every empty look, starts over when something was found."""

    def __init__(self, maximum: float) -> None:
        self._maximum = maximum
        self._empty = 0

    def found(self) -> float:
        """Look again at once."""
        self._empty = 0
        return 0.0

    def empty(self) -> float:
        """Seconds until the next look."""
        pause = _FIRST * 2.0 ** min(self._empty, 30) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, no secret
        self._empty += 1
        return min(self._maximum, max(_FIRST, pause))
