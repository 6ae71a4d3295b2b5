"""The frozen list of source blobs: written once, read in step with the ledger. Shell over the control account.

Each shard is created once and never changed. A pass that finds one goes on behind its last name, so two passes that
list at different moments still agree on one list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count, islice

from controller.split.rows import Row, SourceBlob, sources_from_lines, sources_to_lines
from shared.errors import Conflict, Defect
from shared.names import SHARD_ROWS, STATE, JobId, input_shard
from shared.ports import ABSENT, BlobPort

Listing = Callable[[str | None], Iterator[SourceBlob]]
"""The matching blobs behind a name, in byte order."""


def frozen(control: BlobPort, job: JobId, listing: Listing) -> Iterator[tuple[SourceBlob, ...]]:
    """All shards of the list, each as it was written first, by whichever pass."""
    after: str | None = None
    ours: Iterator[SourceBlob] | None = None
    for number in count():
        shard = _shard(control, job, number)
        if shard is None:
            ours = ours if ours is not None else listing(after)
            mine = tuple(islice(ours, SHARD_ROWS))
            shard = _created(control, job, number, mine)
            ours = ours if shard == mine else None
        else:
            ours = None
        yield shard
        if len(shard) < SHARD_ROWS:
            return
        after = shard[-1].name


def is_frozen(control: BlobPort, job: JobId) -> bool:
    """Has any pass taken the list?"""
    return control.head(STATE, input_shard(job, 0)) is not None


def read_sources(control: BlobPort, job: JobId, start: int = 0) -> Iterator[SourceBlob]:
    """The list from position `start` on, one shard in memory."""
    for number in count(start // SHARD_ROWS):
        shard = _shard(control, job, number)
        if shard is None:
            return
        yield from shard[max(0, start - number * SHARD_ROWS) :]
        if len(shard) < SHARD_ROWS:
            return


def with_blobs(control: BlobPort, job: JobId, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of a job whose input is `blobs`, in order, with their source blobs. Defect when the list is too short."""
    sources: Iterator[SourceBlob] = iter(())
    position = -1
    for row in rows:
        if row.first != position:
            sources = read_sources(control, job, row.first)
        blobs = tuple(islice(sources, row.units))
        if len(blobs) < row.units:
            raise Defect(f"{job}: its list of source blobs ends before unit {row.first + row.units}")
        position = row.first + row.units
        yield replace(row, blobs=blobs)


def _shard(control: BlobPort, job: JobId, number: int) -> tuple[SourceBlob, ...] | None:
    blob = control.read(STATE, input_shard(job, number))
    return sources_from_lines(blob.content) if blob else None


def _created(control: BlobPort, job: JobId, number: int, mine: tuple[SourceBlob, ...]) -> tuple[SourceBlob, ...]:
    try:
        control.put(STATE, input_shard(job, number), sources_to_lines(mine), when=ABSENT)
    except Conflict:
        there = _shard(control, job, number)
        if there is None:
            raise
        return there
    return mine
