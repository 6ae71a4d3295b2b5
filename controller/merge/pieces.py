"""Which blocks a composed blob consists of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.merge.sizes import Sizes
from controller.transfer.fetch import Wanted
from shared.errors import Refused

NEWLINE = b"\n"


@dataclass(frozen=True)
class Piece:
    """One block: a range of a blob, or (no `blob`) a newline that an output lacks."""

    blob: Wanted | None
    offset: int
    length: int


def pieces_of(blob: Wanted, longest: int, *, ended: bool) -> list[Piece]:
    """A blob that is not empty, in ranges the service takes; with a newline behind it unless it has `ended`."""
    ranges = [Piece(blob, at, min(longest, blob.length - at)) for at in range(0, blob.length, longest)]
    return ranges if ended else [*ranges, Piece(None, 0, len(NEWLINE))]


def grouped(blobs: Iterable[Wanted], sizes: Sizes, spare: int) -> Iterator[list[Wanted]]:
    """Blobs that fit into one blob together, `spare` blocks for each besides its own ranges."""
    group, blocks = list[Wanted](), 0
    for blob in blobs:
        takes = -(-blob.length // sizes.piece) + spare
        if takes > sizes.blocks // 2:
            raise Refused("MERGE", 0, f"{blob.name} has {blob.length} bytes: that is more than can be composed")
        if blocks + takes > sizes.blocks:
            yield group
            group, blocks = [], 0
        group.append(blob)
        blocks += takes
    if group:
        yield group
