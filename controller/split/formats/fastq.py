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
from shared.errors import Refused
from shared.record import SplitCursor

LINES = 4
LONGEST_RUN = 2**20
MOST_SEARCHED = 40 * 2**20
"""Two records, bases and qualities, and somewhat more."""
_RECORD = re.compile(rb"\n@[^\n]*\n[^\n]*\n\+")


class FastqFinder:
    """Units are records with `unitsPerTask`, else bytes."""

    def probe(self, read: Read, size: int | None) -> Head:
        start = text_start(read)
        check_begins(read, start, b"@", "FASTQ")
        _check_lines(read, start)
        return Head(start, size)

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        marks = FastqMarks(max(start.offset, head.start))
        return cut_stream(marks, head, chunks, sizing, start, counted=sizing.per_task is not None)

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part] | None:
        if sizing.per_task is not None:
            return None
        return cut_by_reads(_first_record, head, read, size, sizing, start)


def _check_lines(read: Read, start: int) -> None:
    """The third line begins with `+`: not so where bases stand on several lines. Small reads alone would not see it."""
    held = b""
    for window in windows(read, start):
        held += window
        if len(lines := held.split(b"\n", LINES - 1)) == LINES:
            if not lines[2].startswith(b"+"):
                raise wrong(
                    f"it is no FASTQ with four lines a record: the third does not begin with + ({lines[2][:20]!r})."
                )
            return
        if len(held) > MOST_SEARCHED:
            raise _without_record(start)


def _first_record(read: Read, at: int) -> int | None:
    """None where the last record has begun already: two records are enough to meet the beginning of one."""
    held = b""
    for window in windows(read, at - 1):
        held += window
        if found := _RECORD.search(held):
            return at + found.start()
        if len(held) > MOST_SEARCHED or held.rstrip(b"\r\n").count(b"\n") >= 2 * LINES:
            raise _without_record(at)
    return None


def _without_record(at: int) -> Refused:
    return wrong(f"no FASTQ record of four lines (@, bases, +, qualities) is to be found behind byte {at}.")


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
