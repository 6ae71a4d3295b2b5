"""How long a job that waits is left alone. Pure."""

from __future__ import annotations

from datetime import timedelta

PAUSE = timedelta(minutes=1)
LONG_PAUSE = timedelta(minutes=10)
NEAR = 20
"""Places of the line that are looked at every minute."""


def pause_at(place: int, left: timedelta) -> timedelta:
    """For who stands at `place` of the line, and gives up when `left` is over. The tick calls whoever may go on, so
    this only dates the place that is told. Further back it changes slowly, and a long line costs little more than a
    short one."""
    return min(max(PAUSE, PAUSE * place / NEAR), LONG_PAUSE, max(PAUSE, left))
