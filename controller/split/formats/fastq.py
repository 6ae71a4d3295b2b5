"""split.by: fastq. A record is four lines: `@` and a name, the bases, `+`, the qualities. Pure.

A quality line may begin with `@` too: only an `@` line whose second next line begins with `+` begins a record. A byte
order mark is left out of the parts; blank lines at the end belong to the last record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controller.split.formats.opening import check_begins, text_start, windows, wrong
from controller.split.formats.seeking import cut_by_reads
from controller.split.formats.streaming import cut_stream
from controller.split.parts import Head, Part, Read
from controller.split.sizes import Sizing
from shared.record import SplitCursor

LINES = 4
LONGEST_RUN = 2**20
_RECORD = re.compile(rb"\n@[^\n]*\n[^\n]*\n\+")


class FastqFinder:
    """Units are records with `unitsPerTask`, else bytes."""

    def probe(self, read: Read, size: int | None) -> Head:
        start = text_start(read)
        check_begins(read, start, b"@", "FASTQ")
        return Head(start, size)

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        marks = FastqMarks(max(start.offset, head.start))
        return cut_stream(marks, head, chunks, sizing, start, counted=sizing.per_task is not None)

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part] | None:
        if sizing.per_task is not None:
            return None
        return cut_by_reads(_first_record, head, read, size, sizing, start)


def _first_record(read: Read, at: int) -> int | None:
    held = b""
    for window in windows(read, at - 1):
        held += window
        if found := _RECORD.search(held):
            return at + found.start()
    return None


class FastqMarks:
    """Newlines, four to a record; those at the end of a window are held back until something follows."""

    mark = b"\n"
    stride = LINES
    sign = b"@"
    begun = True

    def __init__(self, position: int) -> None:
        self._start = self._position = position
        self._lines = 0
        self._held = b""

    def take(self, window: bytes) -> bytes:
        self._position += len(window)
        text = self._held + window
        known = len(text.rstrip(b"\r\n"))
        self._held = text[known:]
        if len(self._held) > LONGEST_RUN:
            raise wrong(f"more than {LONGEST_RUN} blank lines stand before byte {self._position}.")
        self._lines += text.count(b"\n", 0, known)
        return text[:known]

    def finish(self) -> bytes:
        """Line ends that the last record needs are kept, those behind it are not."""
        missing = LINES - 1 - self._lines % LINES
        lines = self._held.split(b"\n")
        if self._position > self._start and len(lines) <= missing:
            raise wrong(f"it ends within a FASTQ record, at byte {self._position}.")
        return b"\n".join(lines[: missing + 1]).ljust(len(self._held))
