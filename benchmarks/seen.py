"""What a stretch of work came to, in time, requests and bytes."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Seen:
    """Seconds by the clock; processor seconds of our process and of each server; requests by service; bytes of blobs of
    the work account that came in and went out; bytes of the controller's own state, both ways."""

    seconds: float
    cpu: float
    storage_cpu: float
    batch_cpu: float
    blobs: int
    queues: int
    batch: int
    adding: int
    read: int
    written: int
    state: int

    def __sub__(self, earlier: Seen) -> Seen:
        return Seen(*(getattr(self, each.name) - getattr(earlier, each.name) for each in fields(Seen)))
