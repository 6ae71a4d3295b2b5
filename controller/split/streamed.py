"""One blob, cut by lines while it is read once, from the cursor to its end. Shell."""

from __future__ import annotations

from collections.abc import Iterator

from controller.split.lines import cut
from controller.split.rows import Row
from controller.split.sizes import sizing_of
from controller.split.work import Progress, Splitting
from shared.errors import Defect
from shared.record import SplitCursor


def streamed(work: Splitting, cursor: SplitCursor) -> Iterator[Progress]:
    """Each part on its way as a row. Vanished when the blob is not the frozen version any more."""
    if cursor.offset >= work.source.bytes:
        return
    upload = None
    lines = 0
    for piece in cut(_chunks(work, cursor.offset), sizing_of(work.source), cursor):
        upload = upload or work.upload(cursor.rows)
        moved = upload.add(piece.data)
        lines += piece.lines
        if piece.ends:
            upload.close()
            row, cursor = _passed(work, cursor, upload.length, lines)
            upload, lines = None, 0
            yield row, cursor
        elif moved:
            work.moved()


def _chunks(work: Splitting, offset: int) -> Iterator[bytes]:
    container, _, name = (work.manifest.input.blob or "").partition("/")
    if work.source.etag is None:
        raise Defect(f"{work.job}: its source blob was frozen without an ETag")
    return work.ports.work.stream(container, name, etag=work.source.etag, offset=offset)


def _passed(work: Splitting, cursor: SplitCursor, length: int, lines: int) -> tuple[Row, SplitCursor]:
    units = lines if work.manifest.split.units_per_task is not None else length
    row = Row(cursor.rows, cursor.units, units, length, data=True)
    moved = {"rows": cursor.rows + 1, "units": cursor.units + units, "offset": cursor.offset + length}
    return row, cursor.model_copy(update=moved)
