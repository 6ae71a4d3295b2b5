"""The only reader of time."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock; always UTC, always aware."""

    def now(self) -> datetime:
        return datetime.now(UTC)
