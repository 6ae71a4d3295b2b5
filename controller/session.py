"""One trigger's work on one job: the record as last saved, the lock while it is held, the count of defects. Shell."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller import store
from controller.budget import Budget, Pace
from controller.store import Loaded
from shared.errors import OutOfTime, Transient
from shared.ports import DefectCount, Lease, Ports
from shared.record import Record
from shared.specs import Site

HANDED_OVER = timedelta(minutes=2)
"""A lost message costs this much."""
CHECKPOINT = timedelta(seconds=10)


@dataclass(frozen=True)
class Rules:
    """What the operator fixed: pace, what pools are given, the pause, the cap of the day, cores by VM size."""

    pace: Pace = field(default_factory=Pace)
    site: Site = field(default_factory=Site)
    paused: bool = False
    hours_per_day: float | None = None
    cores: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Session:
    ports: Ports
    budget: Budget
    rules: Rules
    loaded: Loaded
    lease: Lease | None = None
    begun: Record | None = None
    """What the step under way was given."""
    saved_at: datetime | None = None
    races: int = 0
    """Saves that someone else came before."""
    defects: DefectCount | None = None
    """Counted for the long step under way; cleared at its next saved cursor."""

    @property
    def record(self) -> Record:
        return self.loaded.record

    def save(self, record: Record) -> None:
        """Save when anything differs from what is stored."""
        record = record.model_copy(update={"revision": self.record.revision})
        if record != self.record:
            self.loaded = store.save(self.ports.control, self.loaded, record)
        self.saved_at = self.ports.clock.now()

    def checkpoint(self, record: Record) -> None:
        """Called by long steps: keeps the lock, saves the cursor every few seconds, ends the pass in time."""
        now = self.ports.clock.now()
        over = now >= self.budget.until
        if not over and self.saved_at is not None and now - self.saved_at < CHECKPOINT:
            return
        if self.lease is not None and not self.lease.renew():
            raise OutOfTime(f"{record.job}: the lock was lost")
        if self.moved(record):
            self.clear_defects()
        self.save(record.model_copy(update={"next_look": now + HANDED_OVER}))
        if record.verdict is None and store.cancel_intended(self.ports.control, record.job):
            raise OutOfTime("a cancel was asked for")
        if over:
            raise OutOfTime

    def moved(self, record: Record) -> bool:
        """Has the step come further? A sign of life alone is no progress: it may die after it, again and again."""
        begun = self.begun or self.record
        return record.model_copy(update={"next_look": begun.next_look, "revision": begun.revision}) != begun

    def take_lock(self) -> bool:
        """Hold the job's lock from the first long step on; False leaves the job to whoever has it."""
        if self.lease is None:
            self.lease = self.ports.locks.acquire(self.record.job)
        return self.lease is not None

    def release(self) -> None:
        """Where nobody answers, the lock runs out by itself."""
        if self.lease is not None:
            with suppress(Transient):
                self.lease.release()

    def count_before(self, step: str) -> None:
        """Count a long step before it starts, so that one that kills its process counts too."""
        self.defects = self.ports.locks.count_defect(self.record.job, step, self.ports.clock.now())

    def count_now(self, step: str) -> DefectCount:
        """Count a step that raised, unless it was counted when it started."""
        if self.defects is None:
            self.defects = self.ports.locks.count_defect(self.record.job, step, self.ports.clock.now())
        return self.defects

    def clear_defects(self) -> None:
        if self.defects is not None:
            self.ports.locks.clear_defects(self.record.job)
            self.defects = None
