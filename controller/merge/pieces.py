"""Which blocks a composed blob consists of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.merge.sizes import Sizes
from controller.transfer.crew import THREADS
from controller.transfer.fetch import Wanted
from shared.errors import Refused
from shared.record import MergeCursor

NEWLINE = b"\n"


@dataclass(frozen=True)
class Piece:
    """One block: a range of a blob, or (no `blob`) a newline that an output lacks. `last`: its output ends with it."""

    blob: Wanted | None
    offset: int
    length: int
    last: bool


def pieces_of(blob: Wanted, longest: int, *, ended: bool) -> list[Piece]:
    """A blob that is not empty, in ranges the service takes; with a newline behind it unless it has `ended`."""
    starts = range(0, blob.length, longest)
    found = [Piece(blob, at, min(longest, blob.length - at), ended and at == starts[-1]) for at in starts]
    return found if ended else [*found, Piece(None, 0, len(NEWLINE), last=True)]


def sliced(pieces: Iterable[Piece], sizes: Sizes) -> Iterator[list[Piece]]:
    """What is staged between two cursors: so many pieces, or what the threads take in one go where they are long."""
    held, length = list[Piece](), 0
    for piece in pieces:
        held.append(piece)
        length += piece.length
        if len(held) == sizes.batch or length >= THREADS * sizes.piece:
            yield held
            held, length = [], 0
    if held:
        yield held


def passed(cursor: MergeCursor, pieces: list[Piece]) -> MergeCursor:
    """The cursor once these are staged, too: `rows` outputs, and `skip` pieces of the next one."""
    ends = [number for number, piece in enumerate(pieces, 1) if piece.last]
    skip = len(pieces) - ends[-1] if ends else cursor.skip + len(pieces)
    moved = {"rows": cursor.rows + len(ends), "blocks": cursor.blocks + len(pieces), "skip": skip}
    return cursor.model_copy(update=moved)


def grouped(blobs: Iterable[Wanted], sizes: Sizes, spare: int) -> Iterator[list[Wanted]]:
    """Blobs that fit into one blob together, `spare` blocks for each besides its own ranges."""
    group, blocks = list[Wanted](), 0
    for blob in blobs:
        takes = -(-blob.length // sizes.piece) + spare
        if takes > sizes.blocks // 2:
            message = f"the outputs are more than one result can hold: {blob.name} alone has {blob.length} bytes"
            raise Refused("MERGE", 0, message)
        if blocks + takes > sizes.blocks:
            yield group
            group, blocks = [], 0
        group.append(blob)
        blocks += takes
    if group:
        yield group
