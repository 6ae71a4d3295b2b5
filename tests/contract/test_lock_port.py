"""What a job's lock promises: one holder at a time, and a count of defects beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.ports import LockPort

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def test_one_holder_at_a_time(locks: LockPort, job: str) -> None:
    """While a lock is held nobody else gets it; once released anybody does."""
    assert not locks.held(job)
    lease = locks.acquire(job)
    assert lease is not None
    assert locks.held(job)
    assert locks.acquire(job) is None
    lease.release()
    assert not locks.held(job)
    again = locks.acquire(job)
    assert again is not None
    again.release()


def test_renewing_and_losing(locks: LockPort, job: str) -> None:
    """The holder can renew as often as it likes; who released it has lost it, and may release it twice."""
    lease = locks.acquire(job)
    assert lease is not None
    assert lease.renew()
    assert lease.renew()
    lease.release()
    lease.release()
    assert not lease.renew()


def test_locks_of_jobs_are_apart(locks: LockPort, job: str) -> None:
    """One job's lock says nothing about another's."""
    lease = locks.acquire(job)
    assert lease is not None
    other = locks.acquire(f"{job}-b")
    assert other is not None
    other.release()
    lease.release()


def test_defects_at_one_step_add_up(locks: LockPort, job: str) -> None:
    """Defects at the same step are counted from the first; another step begins anew; clearing forgets, twice too."""
    assert locks.defects(job) is None
    locks.count_defect(job, "split", NOW)
    second = locks.count_defect(job, "split", NOW + timedelta(minutes=5))
    assert (second.step, second.count, second.first) == ("split", 2, NOW)
    assert locks.defects(job) == second
    moved = locks.count_defect(job, "merge", NOW + timedelta(minutes=6))
    assert (moved.count, moved.first) == (1, NOW + timedelta(minutes=6))
    locks.clear_defects(job)
    locks.clear_defects(job)
    assert locks.defects(job) is None


def test_the_holder_counts_too(locks: LockPort, job: str) -> None:
    """A long step counts before it starts, under its own lock, and clears with its next saved cursor."""
    lease = locks.acquire(job)
    assert lease is not None
    assert locks.count_defect(job, "merge", NOW).count == 1
    assert lease.renew()
    locks.clear_defects(job)
    assert locks.defects(job) is None
    lease.release()
