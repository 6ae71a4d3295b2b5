"""One result, committed once under results/<job id>/, known again by its metadata. Shell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from controller.merge.parts import Joiner
from controller.merge.reading import parts
from controller.merge.reducing import Reduction
from controller.merge.registry import CONTENT_TYPES, joiner_of
from controller.merge.work import Merging
from controller.transfer.upload import Upload
from shared.errors import Conflict, Refused
from shared.names import JOB_KEY, JobId
from shared.ports import ABSENT, BlobItem

SHA256_KEY, RECORDS_KEY = "batchdrop_sha256", "batchdrop_records"
BLOCK = 8 * 2**20
Place = tuple[str, str]


@dataclass(frozen=True)
class Result:
    """A committed or published result; all of it can be read back from the blob."""

    place: Place
    etag: str
    length: int
    sha256: str
    records: int | None

    def metadata(self, job: JobId) -> dict[str, str]:
        return _metadata(job, self.sha256, self.records)


def place_of(path: str) -> Place:
    """(container, blob) of `container/blob`."""
    container, _, blob = path.partition("/")
    return container, blob


def ours(job: JobId, place: Place, there: BlobItem | None) -> Result | None:
    """What this job put there, if it did."""
    if there is None or there.metadata.get(JOB_KEY) != job or SHA256_KEY not in there.metadata:
        return None
    records = there.metadata.get(RECORDS_KEY)
    sha256 = there.metadata[SHA256_KEY]
    return Result(place, there.etag, there.length, sha256, None if records is None else int(records))


def commit(work: Merging) -> Result:
    """Join all outputs and commit; what another pass of this job committed meanwhile is adopted.

    Refused with MERGE where a stranger's blob is there, or an output cannot be joined.
    """
    place = place_of(work.target.own)
    joining = _Joining(work)
    content_type = CONTENT_TYPES.get(work.manifest.merge.by, "application/octet-stream")
    upload = Upload(work.ports.work, work.crew, place, block=BLOCK, when=ABSENT, content_type=content_type)
    digest = hashlib.sha256()
    for chunk in joining.chunks():
        digest.update(chunk)
        upload.add(chunk)
    records, sha256 = joining.records, digest.hexdigest()
    try:
        etag = upload.close(_metadata(work.job, sha256, records)).result()
    except Conflict:
        return _adopted(work, place)
    return Result(place, etag, upload.length, sha256, records)


class _Joining:
    """The stream of the result, and how many records are in it."""

    def __init__(self, work: Merging) -> None:
        self._work = work
        reduce = work.manifest.merge.reduce
        self._by: Reduction | Joiner = Reduction(work, reduce) if reduce else joiner_of(work.manifest.merge)

    @property
    def records(self) -> int | None:
        return self._by.records

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self._by, Reduction):
            return self._by.chunks()
        return self._by.join(parts(self._work, self._work.outputs()))


def _adopted(work: Merging, place: Place) -> Result:
    there = work.ports.work.head(*place)
    if there is None:
        raise Conflict(f"{work.job}: its result was committed and moved by another pass")
    result = ours(work.job, place, there)
    if result is None:
        raise Refused("MERGE", 0, f"{'/'.join(place)} is there and was not made by {work.job}: move it away")
    return result


def _metadata(job: JobId, sha256: str, records: int | None) -> dict[str, str]:
    counted = {} if records is None else {RECORDS_KEY: str(records)}
    return {JOB_KEY: job, SHA256_KEY: sha256, **counted}
