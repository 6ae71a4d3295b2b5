"""Time for the emulated service: all that is due is due by one of these clocks; only signatures use real time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the service reads the time, in UTC, and how it is moved on."""

    def now(self) -> datetime:
        """Give the present of the service."""
        ...

    def advance(self, span: timedelta) -> None:
        """Move the present forward."""
        ...


class RealClock:
    """The machine's time plus whatever it was advanced by."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Give real time, plus the sum of all advances."""
        return datetime.now(UTC) + self._ahead

    def advance(self, span: timedelta) -> None:
        """Jump ahead of real time by `span` more."""
        self._ahead += span


class DrivenClock:
    """A clock that stands still until it is advanced; for tests that must not wait."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)

    def now(self) -> datetime:
        """Give the time it was last set to."""
        return self._now

    def advance(self, span: timedelta) -> None:
        """Move on by `span`."""
        self._now += span
