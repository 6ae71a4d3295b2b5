"""split.by: lines (and NDJSON). A line ends with a newline byte; the last one may lack it. Pure.

Carriage returns and byte order marks are bytes like any other: they stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.split.formats.opening import text_start
from controller.split.formats.seeking import cut_by_reads, first_mark
from controller.split.formats.streaming import cut_stream
from controller.split.parts import Head, Part, Read
from controller.split.sizes import Sizing
from shared.record import SplitCursor


class LinesFinder:
    """Units are lines with `unitsPerTask`, else bytes."""

    def probe(self, read: Read, size: int | None) -> Head:
        text_start(read)
        return Head(size=size)

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        return cut_stream(LineMarks(), head, chunks, sizing, start, counted=sizing.per_task is not None)

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part] | None:
        if sizing.per_task is not None:
            return None
        return cut_by_reads(first_mark(b"\n"), head, read, size, sizing, start)


class LineMarks:
    """Every newline but one at the very end begins a line."""

    mark = b"\n"
    stride = 1
    sign = b""
    begun = True

    def __init__(self) -> None:
        self._held = b""

    def take(self, window: bytes) -> bytes:
        text = self._held + window if self._held else window
        if not text.endswith(b"\n"):
            self._held = b""
            return text
        self._held = b"\n"
        return text[:-1]

    def finish(self) -> bytes:
        return b" " * len(self._held)
