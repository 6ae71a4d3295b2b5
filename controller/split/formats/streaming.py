"""Cutting records while their bytes stream by: counting them, or looking for the first cut past a position. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from controller.split.formats.limits import limit_of, nth_end
from controller.split.formats.opening import wrong
from controller.split.parts import Head, Part
from controller.split.sizes import Sizing
from shared.record import SplitCursor

WINDOW = 2**18


class Marks(Protocol):
    """The record ends of one format, in one stream.

    What goes in comes out again, as many bytes in the same places, perhaps a little later: in it, a new record begins
    behind the first byte of every `stride`-th `mark`, and nowhere else. `sign`: what every record begins with.
    """

    mark: bytes
    stride: int
    sign: bytes

    def take(self, window: bytes) -> bytes: ...

    def finish(self) -> bytes:
        """The rest, with no record beginning behind it. Refused with SPLIT when the last record is broken off."""
        ...

    @property
    def begun(self) -> bool:
        """Has there been any record? False: blank lines at most."""
        ...


def cut_stream(
    marks: Marks, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor, *, counted: bool
) -> Iterator[Part]:
    """The parts of a stream that begins at `start.offset`; `counted`: units are records, else bytes."""
    cutter = _Cutter(marks, head, sizing, counted, max(start.offset, head.start), start.units)
    for window in stream_windows(chunks, head.start - start.offset):
        yield from cutter.take(marks.take(window))
    yield from cutter.take(marks.finish())
    yield from cutter.finish()


def stream_windows(chunks: Iterator[bytes], skipped: int, longest: int = WINDOW) -> Iterator[bytes]:
    """The chunks in pieces that are not empty, without the first `skipped` bytes."""
    for chunk in chunks:
        at = min(len(chunk), max(0, skipped))
        skipped -= at
        yield from (chunk[begin : begin + longest] for begin in range(at, len(chunk), longest))


@dataclass
class _Cutter:
    marks: Marks
    head: Head
    sizing: Sizing
    counted: bool
    begin: int
    """Where the open part begins."""
    first: int
    """Units before it."""
    position: int = field(init=False)
    """Of the next byte to come."""
    found: int = 0
    """Marks in the open part."""
    limit: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.position = self.begin
        self.limit = limit_of(self.sizing, self.head, self.begin)

    def take(self, text: bytes) -> Iterator[Part]:
        at = 0
        while (end := self._end(text, at)) is not None:
            self._count(text, at, end)
            if not text.startswith(self.marks.sign, end):
                raise wrong(f"no record begins with {self.marks.sign.decode()} at byte {self.position + end}.")
            yield self._close(self.position + end, self.found // self.marks.stride)
            at = end
        self._count(text, at, len(text))
        self.position += len(text)

    def finish(self) -> Iterator[Part]:
        if self.position > self.begin and (self.marks.begun or not self.counted):
            yield self._close(self.position, self.found // self.marks.stride + 1)

    def _close(self, end: int, records: int) -> Part:
        length = end - self.begin
        part = Part(self.first, records, self.begin, length, self.head.prefix)
        if not self.counted:
            part = Part(self.begin, length, self.begin, length, self.head.prefix)
        self.first, self.begin, self.found = self.first + records, end, 0
        self.limit = limit_of(self.sizing, self.head, end)
        return part

    def _count(self, text: bytes, at: int, end: int) -> None:
        if self.counted or self.marks.stride > 1:
            self.found += text.count(self.marks.mark, at, end + len(self.marks.mark) - 1)

    def _end(self, text: bytes, at: int) -> int | None:
        ends = (self._end_by_units(text, at), self._end_by_position(text, at))
        return min((end for end in ends if end is not None), default=None)

    def _end_by_units(self, text: bytes, at: int) -> int | None:
        if self.sizing.per_task is None:
            return None
        return nth_end(text, self.marks.mark, at, self.sizing.per_task * self.marks.stride - self.found)

    def _end_by_position(self, text: bytes, at: int) -> int | None:
        if self.limit is None:
            return None
        since = max(at, self.limit - 1 - self.position)
        if self.marks.stride == 1:
            found = text.find(self.marks.mark, since)
            return found + 1 if found >= 0 else None
        before = self.found + text.count(self.marks.mark, at, since)
        return nth_end(text, self.marks.mark, since, self.marks.stride - before % self.marks.stride)
