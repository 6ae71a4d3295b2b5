"""Time that moves only when a test says so."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class VirtualClock:
    """A `Clock` that stands still until it is told to advance."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or START
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> datetime:
        """The new now."""
        with self._lock:
            self._now += by
            return self._now
