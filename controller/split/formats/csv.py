"""split.by: csv. Rows of a CSV, each part under the input's header. Pure.

A row ends with a newline that has an even number of quotes before it. An empty line is no row. A byte order mark is
left out of the parts, so that the repeated header is clean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from controller.split.formats.opening import text_start, windows, wrong
from controller.split.formats.seeking import cut_by_reads, first_mark
from controller.split.formats.streaming import cut_stream
from controller.split.parts import Head, Part, Read
from controller.split.sizes import Sizing
from shared.errors import Refused
from shared.manifest.models import CsvDialect
from shared.record import SplitCursor

LONGEST_HEADER = 2**20
_BLANK = re.compile(rb"\n(?=\r?\n)")
_FIRST_BLANKS = re.compile(rb"(?:\r?\n)+")
_FIRST_ROW = re.compile(rb"(?:\r?\n)*+[^\n]*\n")


@dataclass(frozen=True)
class CsvFinder:
    """Units are rows, the header not among them; bytes where the manifest promises that no field holds a newline
    (`quotedNewlines: false`) and asks for no count."""

    dialect: CsvDialect

    def probe(self, read: Read, size: int | None) -> Head:
        start = text_start(read)
        if not self.dialect.header:
            return Head(start, size)
        header = self._header(read, start)
        self._check_ends(header)
        return Head(start + len(header), size, header)

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        counted = self._counts(sizing)
        marks = CsvMarks(self.dialect, max(start.offset, head.start), blanks=not counted)
        return cut_stream(marks, head, chunks, sizing, start, counted=counted)

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part] | None:
        if self._counts(sizing):
            return None
        return cut_by_reads(first_mark(b"\n"), head, read, size, sizing, start)

    def _counts(self, sizing: Sizing) -> bool:
        return self.dialect.quoted_newlines or sizing.per_task is not None

    def _check_ends(self, header: bytes) -> None:
        """Lines of the old kind would all be one row, the header, and nothing would be left to do."""
        plain = b"".join(header.split(self.dialect.quote.encode())[::2])
        if b"\r" in plain.replace(b"\r\n", b"").rstrip(b"\r"):
            raise wrong("its lines end with carriage returns alone, which are no line ends here. Convert it first.")

    def _header(self, read: Read, start: int) -> bytes:
        """The first row, with blank lines before it and its line end."""
        marks, text, shown = CsvMarks(self.dialect, start, blanks=True), b"", b""
        for window in windows(read, start):
            text, shown = text + window, shown + marks.take(window)
            if row := _FIRST_ROW.match(shown):
                return text[: row.end()]
            if len(text) > LONGEST_HEADER:
                raise wrong(f"its first row, the header, is longer than {LONGEST_HEADER} bytes.")
        marks.finish()
        return text


class CsvMarks:
    """Newlines within quotes come out as spaces, and where `blanks` is false, those that end an empty line too: then
    only a row that holds something begins behind a newline. Refused with SPLIT, naming the byte, for a quote that
    is never closed, or not closed in its line where the dialect promises that."""

    mark = b"\n"
    stride = 1
    sign = b""

    def __init__(self, dialect: CsvDialect, position: int, *, blanks: bool) -> None:
        self.begun = False
        self._quote = dialect.quote.encode()
        self._newlines = dialect.quoted_newlines
        self._blanks = blanks
        self._position = position
        self._quoted = False
        self._opened = 0
        self._held = b""

    def take(self, window: bytes) -> bytes:
        text = self._held + self._unquoted(window)
        self._position += len(window)
        if not self._blanks:
            text = self._without_blanks(text)
        known = len(text) - (text.endswith(b"\n") or 2 * text.endswith(b"\n\r"))
        self._held = text[known:]
        return text[:known]

    def finish(self) -> bytes:
        if self._quoted:
            raise wrong(f"the quote at byte {self._opened} is never closed.")
        return b" " * len(self._held)

    def _without_blanks(self, text: bytes) -> bytes:
        if not self.begun and (first := _FIRST_BLANKS.match(text)):
            text = text[first.end() :].rjust(len(text), b"\r")
        self.begun = self.begun or bool(text.strip(b"\r\n"))
        if b"\n\n" in text or b"\n\r" in text:
            text = _BLANK.sub(b"\r", text)
        return text

    def _unquoted(self, window: bytes) -> bytes:
        runs = window.split(self._quote)
        if len(runs) == 1 and not self._quoted:
            return window
        within = runs[not self._quoted :: 2]
        if b"\n" in b"".join(within):
            if not self._newlines:
                raise self._odd(window)
            runs[not self._quoted :: 2] = [run.replace(b"\n", b" ") for run in within]
        if len(runs) > 1:
            self._opened = self._position + window.rfind(self._quote)
        self._quoted ^= len(runs) % 2 == 0
        return self._quote.join(runs)

    def _odd(self, window: bytes) -> Refused:
        at, quoted, opened = 0, self._quoted, self._opened
        while not quoted or window.find(b"\n", at, window.find(self._quote, at) % (len(window) + 1)) < 0:
            at = window.find(self._quote, at)
            quoted, opened, at = not quoted, self._position + at, at + 1
        return wrong(
            f"the quote at byte {opened} is not closed before its line ends, and split.csv.quotedNewlines is false."
        )
