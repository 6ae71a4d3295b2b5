"""One blob: its parts found, written, and passed on as rows. Shell.

Found by a few small reads where the format allows it, else by reading the blob once.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.split.blocks import length_of
from controller.split.formats.registry import finder_of
from controller.split.inputs import data_blob
from controller.split.parts import Finder, Part, behind
from controller.split.pinned import Pinned, Text, Unpacked
from controller.split.rows import Row
from controller.split.sizes import sizing_of
from controller.split.window import Window
from controller.split.work import Progress, Splitting
from controller.split.writing import Writer
from shared.errors import Defect
from shared.names import input_container
from shared.record import SplitCursor

REMEMBERED = 4 * 2**20


def cut_up(work: Splitting, cursor: SplitCursor) -> Iterator[Progress]:
    """Each part on its way as a row. Vanished when the blob is not the frozen version any more."""
    blob = _pinned(work)
    if cursor.offset >= blob.length and not work.source.packed:
        return
    packed = Unpacked(blob) if work.source.packed else None
    writer = Writer(blob, packed, work.crew)
    found, window = _found(work, packed or blob, finder_of(work.manifest.split), cursor)
    for part in found:
        writer.write((input_container(work.job), data_blob(work.manifest, cursor.rows)), part, window)
        row = Row(cursor.rows, part.first, part.units, length_of(part), data=True)
        cursor = behind(cursor, part)
        yield row, cursor


def _found(work: Splitting, text: Text, finder: Finder, cursor: SplitCursor) -> tuple[Iterator[Part], Window | None]:
    sizing = sizing_of(work.source)
    head = finder.probe(text.read, text.size)
    if text.size is not None:
        sought = finder.seek(head, text.read, text.size, sizing, cursor)
        if sought is not None:
            return sought, None
    window = Window(cursor.offset, REMEMBERED)
    return finder.stream(head, window.passing(text.chunks(cursor.offset)), sizing, cursor), window


def _pinned(work: Splitting) -> Pinned:
    container, _, name = (work.manifest.input.blob or "").partition("/")
    if work.source.etag is None:
        raise Defect(f"{work.job}: its source blob was frozen without an ETag")
    return Pinned(work.ports.work, work.crew, (container, name), work.source.etag, work.source.bytes, work.moved)
