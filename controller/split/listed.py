"""Items, numbers, combinations and listed blobs: rows are intervals, known beforehand. Shell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from controller.split import listfile, units
from controller.split.inputs import delivers_file
from controller.split.mounted import is_mounted
from controller.split.rows import Row
from controller.split.sources import with_blobs
from controller.split.work import Progress, Splitting
from shared.record import SplitCursor


def listed(work: Splitting, cursor: SplitCursor) -> Iterator[Progress]:
    """Each row, its file on its way where tasks read one."""
    data = delivers_file(work.manifest, work.source.per_task)
    for row in _rows(work, cursor):
        written = row
        if data:
            upload = work.upload(row.index)
            for line in _content(work, row):
                if upload.add(line):
                    work.moved()
            upload.close()
            written = Row(row.index, row.first, row.units, upload.length, data=True)
        elif work.manifest.input.kind in ("items", "sweep"):
            units.environment(work.manifest, row)
        yield replace(written, blobs=()), cursor.model_copy(update=_behind(row))


def _content(work: Splitting, row: Row) -> Iterator[bytes]:
    if work.manifest.input.kind == "blobs":
        return listfile.lines(work.manifest, row, whole=is_mounted(work.manifest))
    return units.lines(work.manifest.input, row)


def _behind(row: Row) -> dict[str, int]:
    return {"rows": row.index + 1, "units": row.first + row.units}


def _rows(work: Splitting, cursor: SplitCursor) -> Iterator[Row]:
    is_blobs = work.manifest.input.kind == "blobs"
    total = work.source.blobs if is_blobs else units.count(work.manifest.input)
    each = work.source.per_task or 1
    starts = range(cursor.units, total, each)
    rows = (Row(cursor.rows + at, first, min(each, total - first)) for at, first in enumerate(starts))
    return with_blobs(work.ports.control, work.job, rows) if is_blobs else rows
