"""Reading the ledger: rows in order, shard by shard, one shard in memory. Shell over the control account."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.earlier import Earlier
from controller.split.rows import Row, from_lines
from controller.split.sources import with_blobs
from shared.errors import Defect
from shared.names import SHARD_ROWS, STATE, earlier_blob, ledger_shard
from shared.ports import BlobPort
from shared.record import Record


def rows(
    record: Record, control: BlobPort, start: int = 0, stop: int | None = None, *, sources: bool = False
) -> Iterator[Row]:
    """Rows `start` to `stop - 1` (to the end without it); `sources` fills in their source blobs where they have any.

    Defect when the ledger does not hold what the record says.
    """
    found = read(record, control, start, record.split.rows if stop is None else stop)
    manifest = record.plan.manifest
    listed = manifest.input.kind == "blobs" and manifest.split.by != "container"
    return with_blobs(control, record.job, found) if sources and listed else found


def read(record: Record, control: BlobPort, start: int, stop: int) -> Iterator[Row]:
    for shard in range(start // SHARD_ROWS, -(-stop // SHARD_ROWS)):
        blob = control.read(STATE, ledger_shard(record.job, shard))
        found = from_lines(blob.content) if blob else ()
        if len(found) < min(SHARD_ROWS, stop - shard * SHARD_ROWS):
            raise Defect(f"{record.job}: shard {shard} of its ledger holds {len(found)} rows, too few for {stop}")
        yield from (row for row in found if start <= row.index < stop)


def units_by_row(record: Record, control: BlobPort) -> Callable[[int], int]:
    """How many units a row has. Asked in rising order it reads each shard once."""
    known: dict[int, list[int]] = {}

    def units(index: int) -> int:
        shard = index // SHARD_ROWS
        if shard not in known:
            known.clear()
            stop = min((shard + 1) * SHARD_ROWS, record.split.rows)
            known[shard] = [row.units for row in read(record, control, shard * SHARD_ROWS, stop)]
        return known[shard][index % SHARD_ROWS]

    return units


def earlier(record: Record, control: BlobPort) -> Earlier:
    """What the jobs before this one left of each row: nothing, unless it is a retry."""
    if record.retry is None or record.input is None:
        return Earlier(bytes(record.split.rows))
    blob = control.read(STATE, earlier_blob(record.job))
    if blob is None or len(blob.content) != record.split.rows:
        raise Defect(f"{record.job}: what it has taken over of {record.retry.of[0]} is gone")
    return Earlier(blob.content)
