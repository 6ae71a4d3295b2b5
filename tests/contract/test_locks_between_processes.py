"""Locks as two workers see them, and as time ends them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared.azure.blobs import AzureBlobs
from shared.azure.locks import BlobLocks
from shared.errors import Conflict
from shared.settings import StorageAccount
from tests.fakes.clock import VirtualClock
from tests.fakes.locks import MemoryLocks

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


@pytest.fixture
def workers(storage: StorageAccount) -> Iterator[tuple[BlobLocks, BlobLocks]]:
    """The locks of one account in two processes."""
    account = AzureBlobs(storage)
    account.create_container("batchdrop", {})
    account.close()
    one, other = BlobLocks(storage), BlobLocks(storage)
    yield one, other
    one.close()
    other.close()


@pytest.mark.stack
def test_a_lock_is_seen_from_elsewhere(workers: tuple[BlobLocks, BlobLocks], job: str) -> None:
    """What one worker holds another can neither take nor count defects under; it can still read them."""
    one, other = workers
    lease = one.acquire(job)
    assert lease is not None
    assert one.count_defect(job, "merge", NOW).count == 1
    assert other.held(job)
    assert other.acquire(job) is None
    with pytest.raises(Conflict):
        other.count_defect(job, "merge", NOW)
    found = other.defects(job)
    assert found is not None
    assert found.count == 1
    with pytest.raises(Conflict):
        other.clear_defects(job)
    lease.release()
    assert other.count_defect(job, "merge", NOW).count == 2


@pytest.mark.stack
def test_of_many_workers_one_gets_the_lock(workers: tuple[BlobLocks, BlobLocks], job: str) -> None:
    """However many try at once, one holds it."""
    with ThreadPoolExecutor(8) as threads:
        got = [lease for lease in threads.map(lambda number: workers[number % 2].acquire(job), range(8)) if lease]
    assert len(got) == 1
    got[0].release()


def test_a_lock_that_is_not_renewed_runs_out() -> None:
    """After 30 s without renewal another takes the lock, and the first has lost it."""
    clock = VirtualClock()
    locks = MemoryLocks(clock)
    first = locks.acquire("bd-a")
    assert first is not None
    clock.advance(timedelta(seconds=20))
    assert first.renew()
    clock.advance(timedelta(seconds=29))
    assert locks.acquire("bd-a") is None
    clock.advance(timedelta(seconds=1))
    assert not locks.held("bd-a")
    second = locks.acquire("bd-a")
    assert second is not None
    assert not first.renew()
    first.release()
    assert locks.held("bd-a")
    second.release()
    assert not locks.held("bd-a")
