"""How much one trigger may do: until when, and whether long steps are allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Budget:
    """`until` bounds the whole handler; a pass without `long` leaves long steps to the queue."""

    until: datetime
    long: bool


@dataclass(frozen=True)
class Pace:
    """How often an open job is looked at, in seconds."""

    shortest: float = 30.0
    longest: float = 120.0
