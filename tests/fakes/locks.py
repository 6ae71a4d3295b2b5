"""Locks by the virtual clock: 30 seconds, unless renewed."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.ports import Clock, DefectCount
from tests.fakes.faults import Faulty, port

TERM = timedelta(seconds=30)


class MemoryLocks(Faulty):
    """A `LockPort`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._leases: dict[str, MemoryLease] = {}
        self._defects: dict[str, DefectCount] = {}

    @port
    def acquire(self, job_id: str) -> MemoryLease | None:
        if self.is_held(job_id):
            return None
        lease = MemoryLease(self, job_id, self._clock)
        self._leases[job_id] = lease
        return lease

    @port
    def held(self, job_id: str) -> bool:
        return self.is_held(job_id)

    @port
    def defects(self, job_id: str) -> DefectCount | None:
        return self._defects.get(job_id)

    @port
    def count_defect(self, job_id: str, step: str, now: datetime) -> DefectCount:
        last = self._defects.get(job_id)
        same = last is not None and last.step == step
        count = DefectCount(step, last.count + 1, last.first) if last and same else DefectCount(step, 1, now)
        self._defects[job_id] = count
        return count

    @port
    def clear_defects(self, job_id: str) -> None:
        self._defects.pop(job_id, None)

    def is_held(self, job_id: str) -> bool:
        """As `held`, not counted as a call."""
        lease = self._leases.get(job_id)
        return lease is not None and lease.until > self._clock.now()

    def is_holder(self, job_id: str, lease: MemoryLease) -> bool:
        return self._leases.get(job_id) is lease

    def break_lock(self, job_id: str) -> None:
        """Take the lock from whoever holds it, as its running out would."""
        self._leases.pop(job_id, None)


class MemoryLease:
    """A `Lease`: lost when another took the lock or it was broken; one that merely ran out can be renewed."""

    def __init__(self, locks: MemoryLocks, job_id: str, clock: Clock) -> None:
        self._locks, self._job, self._clock = locks, job_id, clock
        self.until = clock.now() + TERM

    def renew(self) -> bool:
        if not self._locks.is_holder(self._job, self):
            return False
        self.until = self._clock.now() + TERM
        return True

    def release(self) -> None:
        if self._locks.is_holder(self._job, self):
            self._locks.break_lock(self._job)
