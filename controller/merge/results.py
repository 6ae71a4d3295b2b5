"""One result: committed or published, known again by its metadata. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.names import JOB_KEY, JobId
from shared.ports import BlobItem

HASH_KEY, HASH_KIND_KEY, RECORDS_KEY = "batchdrop_hash", "batchdrop_hash_kind", "batchdrop_records"
Place = tuple[str, str]
HashKind = Literal["sha256", "parts"]


@dataclass(frozen=True)
class Result:
    """All of it can be read back from the blob."""

    place: Place
    etag: str
    length: int
    hash_kind: HashKind
    hash: str
    records: int | None

    def metadata(self, job: JobId) -> Mapping[str, str]:
        return described(job, self.hash_kind, self.hash, self.records)


def described(job: JobId, kind: HashKind, value: str, records: int | None) -> Mapping[str, str]:
    """The metadata of a result."""
    counted = {} if records is None else {RECORDS_KEY: str(records)}
    return {JOB_KEY: job, HASH_KIND_KEY: kind, HASH_KEY: value, **counted}


def place_of(path: str) -> Place:
    """(container, blob) of `container/blob`."""
    container, _, blob = path.partition("/")
    return container, blob


def ours(job: JobId, place: Place, there: BlobItem | None) -> Result | None:
    """What this job put there, if it did."""
    if there is None or there.metadata.get(JOB_KEY) != job or HASH_KEY not in there.metadata:
        return None
    kind: HashKind = "parts" if there.metadata.get(HASH_KIND_KEY) == "parts" else "sha256"
    records = there.metadata.get(RECORDS_KEY)
    return Result(
        place,
        there.etag,
        there.length,
        kind,
        there.metadata[HASH_KEY],
        None if records is None else int(records),
    )
