"""Cutting a text blob at line ends while it streams by: every byte comes out once, in order, unchanged. Pure.

A line ends with a newline byte; the last one may lack it. Carriage returns are bytes like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from controller.split.sizes import Sizing
from shared.errors import Refused
from shared.record import SplitCursor

PIECE = 4 * 2**20
SHORTEST_STEP, LONGEST_STEP = 64, 65_536
FOREIGN = (
    (b"\xff\xfe\x00\x00", "UTF-32 (little endian)"),
    (b"\x00\x00\xfe\xff", "UTF-32 (big endian)"),
    (b"\xff\xfe", "UTF-16 (little endian)"),
    (b"\xfe\xff", "UTF-16 (big endian)"),
)
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Piece:
    """At most 4 MiB of one task's part, and the lines that end in it. `ends`: the part is complete with it."""

    data: bytes
    ends: bool
    lines: int


def cut(chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Piece]:
    """The parts from `start.offset` on, where a part begins; `chunks` are the bytes from there to the end.

    Refused with SPLIT, by name, for UTF-16, UTF-32 and gzip, seen at the start of the blob.
    """
    windows = _windows(chunks)
    if start.offset == 0:
        windows = _readable(windows)
    cutter = _Cutter(sizing, start.offset)
    for window in windows:
        yield from cutter.take(window)
    yield from cutter.finish()


@dataclass
class _Cutter:
    sizing: Sizing
    position: int
    """Of the next byte to come, in the blob."""
    lines_taken: int = 0
    limit: int | None = field(init=False)
    """The part ends at the first line end at or past this position, unless it has enough lines before."""
    open: bool = False
    last: int = 0

    def __post_init__(self) -> None:
        self.limit = _limit(self.sizing, self.position)

    def take(self, window: bytes) -> Iterator[Piece]:
        at = 0
        while at < len(window):
            end = self._end_of_part(window, at)
            piece = window[at:end] if end is not None else window[at:]
            at += len(piece)
            yield self._passed(piece, ends=end is not None)

    def finish(self) -> Iterator[Piece]:
        """The end of a part that no rule has ended: the blob's last."""
        if self.open:
            yield Piece(b"", ends=True, lines=int(self.last != ord("\n")))

    def _passed(self, data: bytes, *, ends: bool) -> Piece:
        lines = data.count(b"\n")
        self.position += len(data)
        self.lines_taken = 0 if ends else self.lines_taken + lines
        self.open, self.last = not ends, data[-1]
        if ends:
            self.limit = _limit(self.sizing, self.position)
        return Piece(data, ends, lines)

    def _end_of_part(self, window: bytes, at: int) -> int | None:
        ends = [end for end in (self._end_by_position(window, at), self._end_by_lines(window, at)) if end is not None]
        return min(ends, default=None)

    def _end_by_position(self, window: bytes, at: int) -> int | None:
        if self.limit is None:
            return None
        newline = window.find(b"\n", at + max(0, self.limit - 1 - self.position))
        return newline + 1 if newline >= 0 else None

    def _end_by_lines(self, window: bytes, at: int) -> int | None:
        if self.sizing.per_task is None:
            return None
        return _nth_line_end(window, at, self.sizing.per_task - self.lines_taken)


def _limit(sizing: Sizing, part_start: int) -> int | None:
    if sizing.bytes_per_task is not None:
        return part_start + sizing.bytes_per_task
    if sizing.cuts is None:
        return None
    number = part_start * sizing.cuts // max(1, sizing.size) + 1
    while number < sizing.cuts and number * sizing.size // sizing.cuts <= part_start:
        number += 1
    return number * sizing.size // sizing.cuts if number < sizing.cuts else None


def _nth_line_end(window: bytes, at: int, number: int) -> int | None:
    """Counts in steps, and looks at single lines only in the step that holds the end."""
    step = min(LONGEST_STEP, number * SHORTEST_STEP)
    while at < len(window):
        lines = window.count(b"\n", at, at + step)
        if lines >= number:
            for _ in range(number):
                at = window.find(b"\n", at) + 1
            return at
        number -= lines
        at += step
    return None


def _windows(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield from (chunk[at : at + PIECE] for at in range(0, len(chunk), PIECE))


def _readable(windows: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for window in windows:
        head += window
        if len(head) >= 4:
            break
    for mark, encoding in FOREIGN:
        if head.startswith(mark):
            raise Refused(
                "SPLIT", 0, f"the input is {encoding} text: lines are cut in UTF-8 (or ASCII). Convert it first."
            )
    if head.startswith(GZIP):
        raise Refused("SPLIT", 0, "the input is gzip data, which is not available in this version. Upload it unpacked.")
    return chain(_windows(iter([head])), windows)
