"""split.by: json. The elements of one array, the document itself or found at a dotted path in it. Pure.

A part's bytes are those between `[` or a comma and the next comma or `]`: elements are cut as they stand. The JSON
parser tells what is complete, not where: so it is fed up to commas and brackets, one at a time around a cut, many at
once elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.split.formats.json_parsing import Elements
from controller.split.formats.json_path import array_start
from controller.split.formats.limits import limit_of, nth_end
from controller.split.formats.opening import text_start, wrong
from controller.split.formats.streaming import stream_windows
from controller.split.parts import Head, Part, Read
from controller.split.sizes import Sizing
from shared.record import SplitCursor

WINDOW = 2**16
SPACE = b" \t\r\n"


@dataclass(frozen=True)
class JsonFinder:
    """Units are elements. What follows the array in its document is looked at only where the document is the array."""

    path: str = ""

    def probe(self, read: Read, size: int | None) -> Head:
        """Reads up to the array's beginning, however far into the document that is."""
        return Head(array_start(read, text_start(read), self.path), size, b"[")

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        windows = stream_windows(chunks, head.start - start.offset, WINDOW)
        cutter = _Cutter(head, sizing, start)
        for window in windows:
            yield from cutter.take(window)
            if cutter.closed:
                break
        else:
            raise wrong(f"it ends at byte {cutter.position}, before its JSON array does.")
        if not self.path:
            for rest in (cutter.rest, *windows):
                cutter.check_end(rest)

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part] | None:
        return None


class _Cutter:
    """The open part begins at `_begin` with unit `_first` and holds `_units` elements that are complete. `_pending`:
    one of them is complete since the last comma, so that the next one ends it."""

    def __init__(self, head: Head, sizing: Sizing, start: SplitCursor) -> None:
        self.closed = False
        self.rest = b""
        self._resumed = start.offset > head.start
        self.position = max(start.offset, head.start)
        self._head, self._sizing = head, sizing
        self._elements = Elements(self.position, resumed=self._resumed)
        self._pending = False
        self._open(self.position + self._resumed, start.units)

    def take(self, window: bytes) -> Iterator[Part]:
        at = self._resume(window) if self._resumed else 0
        while at < len(window) and not self.closed:
            end, single = self._piece(window, at)
            yield from self._taken(window[at:end], single=single)
            at = end
        self.rest = window[at:]

    def check_end(self, rest: bytes) -> None:
        if rest.strip(SPACE):
            raise wrong(f"it goes on behind its JSON array, which ends at byte {self.position}.")

    def _resume(self, window: bytes) -> int:
        """The comma that ended the part before, or the end of the array."""
        self._resumed = False
        self._elements.feed(window[:1])
        self.position += 1
        self.closed = self._elements.closed
        return 1

    def _piece(self, window: bytes, at: int) -> tuple[int, bool]:
        """Where the next piece ends: at the first `]`, else at a comma, else at the end of the window.

        True: it holds one comma only, which is its last byte and may be the end of the part. Others hold none that is.
        """
        bracket = window.find(b"]", at) + 1
        last = bracket or len(window)
        many = self._without_cut(window, at, last)
        if many == bracket != 0:
            return bracket, False
        if comma := window.rfind(b",", at, many) + 1:
            return comma, False
        if many == last:
            return last, False
        return window.find(b",", at, last) + 1 or last, True

    def _without_cut(self, window: bytes, at: int, last: int) -> int:
        """Up to where no comma can be the end of the part."""
        many = last
        if self._sizing.per_task is not None:
            room = max(0, self._sizing.per_task - self._units - 1)
            if window.count(b",", at, last) > room:
                many = (nth_end(window, b",", at, room) if room else None) or at
        if self._limit is not None:
            many = min(many, at + max(0, self._limit - self.position))
        return many

    def _taken(self, piece: bytes, *, single: bool) -> Iterator[Part]:
        done = self._elements.feed(piece)
        self.position += len(piece)
        self._units += done
        if self._elements.closed:
            self.closed = True
            if self._units:
                yield self._close()
        elif piece.endswith(b","):
            if single and (done or self._pending) and self._elements.level == 1 and self._is_full():
                yield self._close()
            self._pending = False
        elif piece.endswith(b"]"):
            self._pending = self._elements.between
        else:
            self._pending = self._pending or done > 0

    def _is_full(self) -> bool:
        if self._sizing.per_task is not None and self._units >= self._sizing.per_task:
            return True
        return self._limit is not None and self.position > self._limit

    def _close(self) -> Part:
        """The part that ends with the byte before the last one."""
        length = self.position - 1 - self._begin
        part = Part(self._first, self._units, self._begin, length, self._head.prefix, b"]")
        self._open(self.position, self._first + self._units)
        return part

    def _open(self, begin: int, first: int) -> None:
        self._begin, self._first, self._units = begin, first, 0
        self._limit = limit_of(self._sizing, self._head, begin)
