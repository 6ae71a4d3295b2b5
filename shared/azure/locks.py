"""LockPort over leases: 30 s on `batchdrop/locks/<job id>`; the job's defect count is that blob's metadata."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

from shared.azure.account import BlobAccount
from shared.azure.blob_items import conditions, plain
from shared.azure.failures import translated
from shared.azure.line import NETWORK, Line
from shared.errors import Conflict, Vanished
from shared.names import STATE, JobId, lock_blob
from shared.ports import ABSENT, Condition, DefectCount
from shared.settings import StorageAccount

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobLeaseClient, BlobProperties

SECONDS = 30
TRIES = 5
_STEP, _COUNT, _FIRST = "defect_step", "defect_count", "defect_first"


class BlobLocks:
    """Locks of the control account. One instance knows the leases it holds, so it can write under them."""

    def __init__(self, at: StorageAccount, by: Line = NETWORK) -> None:
        self._account = BlobAccount(at, None, by)
        self._mine: dict[str, BlobLeaseClient] = {}
        self._guard = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._account.close()

    def acquire(self, job_id: str) -> BlobLease | None:
        from azure.storage.blob import BlobLeaseClient

        blob = self._blob(job_id)
        lease = BlobLeaseClient(blob)
        proposed = lease.id
        try:
            with translated(f"lock of {job_id}"):
                _make_sure(blob)
                lease.acquire(lease_duration=SECONDS)
        except Conflict:
            return None
        lease.id = proposed  # the client takes it from the answer, which may have broken off before it
        with self._guard:
            self._mine[job_id] = lease
        return BlobLease(self, job_id, lease)

    def held(self, job_id: str) -> bool:
        found = self._look(job_id)
        return found is not None and found.lease.status == "locked"

    def defects(self, job_id: str) -> DefectCount | None:
        found = self._look(job_id)
        return _counted(found) if found else None

    def count_defect(self, job_id: str, step: str, now: datetime) -> DefectCount:
        """Conflict when another process holds the lock: the job is moving there."""
        with translated(f"lock of {job_id}"):
            _make_sure(self._blob(job_id))
        for _ in range(TRIES):
            found = self._look(job_id)
            last = _counted(found) if found else None
            same = last if last and last.step == step else DefectCount(step, 0, now)
            count = DefectCount(step, same.count + 1, same.first)
            values = {_STEP: step, _COUNT: str(count.count), _FIRST: count.first.isoformat()}
            if self._written(job_id, values, found):
                return count
        raise Conflict(f"the defects of {job_id} are being counted by others")

    def clear_defects(self, job_id: str) -> None:
        """Conflict when another process holds the lock."""
        for _ in range(TRIES):
            found = self._look(job_id)
            if not found or not found.metadata or self._written(job_id, {}, found):
                return
        raise Conflict(f"the defects of {job_id} are being counted by others")

    def forget(self, job_id: str, lease: BlobLeaseClient) -> None:
        """The lease is no more."""
        with self._guard:
            if self._mine.get(job_id) is lease:
                del self._mine[job_id]

    def _blob(self, job_id: str) -> BlobClient:
        return self._account.blob(STATE, lock_blob(JobId(job_id)))

    def _look(self, job_id: str) -> BlobProperties | None:
        try:
            with translated(f"lock of {job_id}"):
                return self._blob(job_id).get_blob_properties()
        except Vanished:
            return None

    def _written(self, job_id: str, values: dict[str, str], seen: BlobProperties | None) -> bool:
        """False when somebody wrote in between."""
        with self._guard:
            lease = self._mine.get(job_id)
        same = conditions(Condition(etag=plain(seen.etag))) if seen else {}
        try:
            with translated(f"lock of {job_id}"):
                self._blob(job_id).set_blob_metadata(values, lease=lease, **same)
        except Conflict:
            if self.held(job_id) and lease is None:
                raise
            return False
        return True


class BlobLease:
    """A held lock of one job. Once released or lost it stays so."""

    def __init__(self, locks: BlobLocks, job_id: str, lease: BlobLeaseClient) -> None:
        self._locks, self._job, self._lease, self._over = locks, job_id, lease, False
        self._id = lease.id

    def renew(self) -> bool:
        if self._over:
            return False
        try:
            with translated(f"lock of {self._job}"):
                self._lease.renew()
        except (Conflict, Vanished):
            self._give_up()
        self._lease.id = self._id  # as above
        return not self._over

    def release(self) -> None:
        if self._over:
            return
        self._give_up()
        try:
            with translated(f"lock of {self._job}"):
                self._lease.release()
        except (Conflict, Vanished):
            return

    def _give_up(self) -> None:
        self._over = True
        self._locks.forget(self._job, self._lease)


def _make_sure(blob: BlobClient) -> None:
    """The lock blob is there, empty; a lease needs one."""
    try:
        with translated(blob.blob_name):
            blob.upload_blob(b"", overwrite=True, **conditions(ABSENT))
    except Conflict:
        return


def _counted(found: BlobProperties) -> DefectCount | None:
    values = found.metadata or {}
    if _COUNT not in values:
        return None
    return DefectCount(values[_STEP], int(values[_COUNT]), datetime.fromisoformat(values[_FIRST]))
