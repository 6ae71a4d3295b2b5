"""The seam between finding cuts in one blob and writing its parts. Pure.

A finder looks at bytes and says where each task's share begins and ends; it never holds or writes a share. What is
written for a part is `prefix` + the source's bytes + `suffix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from controller.split.sizes import Sizing
from shared.record import SplitCursor

Read = Callable[[int, int], bytes]
"""(offset, length) -> the bytes there, of the frozen version; fewer only where the blob ends."""


@dataclass(frozen=True)
class Part:
    """One task's share of one source blob: `prefix` + source bytes [offset, offset + length) + `suffix`.

    `first` and `units` are in the unit kind of the job. Where that is `bytes` they are `offset` and `length`, and the
    ranges of all parts tile [head.start, size). A part is never empty. The cursor behind it is `behind(cursor, part)`.
    """

    first: int
    units: int
    offset: int
    length: int
    prefix: bytes = b""
    suffix: bytes = b""


@dataclass(frozen=True)
class Head:
    """What small reads at the start of a blob tell; found anew on resume.

    `start`: where the first unit may begin (behind a byte order mark, a CSV header). `prefix`: what is repeated before
    every part. `size`: of the whole blob, None where it is not known beforehand (gzip).
    """

    start: int = 0
    size: int | None = None
    prefix: bytes = b""


class Finder(Protocol):
    """Finds the parts of one format. Holds the manifest's dialect, and no state."""

    def probe(self, read: Read, size: int | None) -> Head:
        """Reads only forward from 0, and little. Refused with SPLIT, by name, for what the format cannot be."""
        ...

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        """The parts from `start` on; `chunks` are all bytes from `start.offset` to the end, the first pass's from 0.

        When it asks for the next chunk, it has yielded every part but such as end at, or one byte before, the end of
        what it was handed.
        """
        ...

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part] | None:
        """The same parts by a few small reads each; None where only a full read tells (units that are counted, quoted
        newlines, JSON)."""
        ...


def behind(cursor: SplitCursor, part: Part) -> SplitCursor:
    """The cursor from which the part after `part` is found; `units` is the sum of the parts' units."""
    moved = {"rows": cursor.rows + 1, "units": cursor.units + part.units, "offset": part.offset + part.length}
    return cursor.model_copy(update=moved)
