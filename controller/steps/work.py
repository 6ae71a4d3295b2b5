"""What a step is given: the ports, the time, and a way to save how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.ports import Ports
from shared.record import Record
from shared.specs import Site


@dataclass(frozen=True)
class Work:
    """`save` keeps a record with a newer cursor and may raise: OutOfTime at the deadline, Conflict when the lock or the
    record was lost. A step lets both pass through."""

    ports: Ports
    now: datetime
    site: Site
    save: Callable[[Record], None]
