"""A timer's memory: the status blob from which a new host knows what was missed while none ran."""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobClient

from local.functions_host.schedule import Schedule

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True)
class TimerStatus:
    """`last` is the run before, year 1 when there was none."""

    last: datetime
    next: datetime
    last_updated: datetime

    def document(self) -> dict[str, str]:
        """As in the blob, and as the handler sees it."""
        return {
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }

    @classmethod
    def parse(cls, text: bytes) -> "TimerStatus":
        """The reverse of `document`; times of the real host have a digit more than Python reads."""
        document = json.loads(text)
        return cls(_time(document["Last"]), _time(document["Next"]), _time(document["LastUpdated"]))


class TimerMonitor:
    """Reads and writes the status blob of one timer."""

    def __init__(self, blob: BlobClient, schedule: Schedule) -> None:
        self._blob = blob
        self._schedule = schedule

    def read(self) -> TimerStatus | None:
        """The status, or None before the first start."""
        try:
            return TimerStatus.parse(self._blob.download_blob().readall())
        except ResourceNotFoundError:
            return None

    def ran(self, at: datetime) -> TimerStatus:
        """Note a run."""
        return self._write(TimerStatus(at, self._schedule.next(at), at))

    def begin(self, now: datetime) -> tuple[TimerStatus, bool]:
        """The status at a start, and whether an occurrence was missed since the last one.

        A schedule that was edited is taken from now on: it is never past due.
        """
        status = self.read()
        if status is None:
            return self._write(TimerStatus(_NEVER, self._schedule.next(now), now)), False
        basis = status.last if status.last != _NEVER else status.last_updated
        expected = self._schedule.next(basis)
        if status.next != expected:
            status = self._edited(status, expected, basis, now)
        return status, now > status.next

    def _edited(self, status: TimerStatus, expected: datetime, basis: datetime, now: datetime) -> TimerStatus:
        if now > expected:
            expected, basis = self._schedule.next(now), now
        return self._write(replace(status, last=_NEVER, next=expected, last_updated=basis))

    def _write(self, status: TimerStatus) -> TimerStatus:
        self._blob.upload_blob(json.dumps(status.document()), overwrite=True)
        return status


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(_FRACTION.sub(r"\1", text).replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=UTC)
