"""Records as this process has read them, so that a crowd of open jobs is not read anew at each tick. Shell.

One listing shows the ETag that each record has now. A record that is held under that very ETag is, byte for byte, what
is stored; every other is read. Nothing else is taken from here: a process that knows nothing finds the same, later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from controller import store
from controller.store import Loaded
from shared.names import RECORDS, STATE, JobId, record_blob
from shared.ports import BlobPort

MANY = 50
"""Open jobs from which on a listing costs less than to read each."""
LISTED = 10
"""Names that are listed for each open job: archived records stand among them. Those behind the last are read."""
MOST = 2000
"""Records that are held: some 30 KiB each."""


def listed(control: BlobPort, jobs: int) -> dict[str, str]:
    """ETags by the names of records, as far as that many open jobs make it worth to list them."""
    if jobs < MANY:
        return {}
    return {item.name: item.etag for item in islice(control.list(STATE, f"{RECORDS}/"), LISTED * jobs)}


@dataclass
class KnownRecords:
    """Those of the jobs that were open at the last look."""

    _held: dict[JobId, Loaded] = field(default_factory=dict)

    def look(self, control: BlobPort, jobs: Sequence[JobId]) -> Mapping[str, str]:
        """List; forget who is not open any more."""
        stays = frozenset(jobs)
        self._held = {job: loaded for job, loaded in self._held.items() if job in stays}
        return listed(control, len(jobs))

    def load(self, control: BlobPort, job: JobId, etags: Mapping[str, str]) -> Loaded | None:
        """The record as it is stored."""
        held = self._held.get(job)
        if held is not None and etags.get(record_blob(job)) == held.etag:
            return held
        loaded = store.load(control, job)
        if etags and loaded is not None and len(self._held) < MOST:
            self._held[job] = loaded
        return loaded
