"""merge.by: csv: rows of all outputs under one header. Pure.

Bytes are passed on as they are. A newline between quotes belongs to a field: it ends no row, and a row is ended by the
first newline that has an even number of quotes before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from controller.merge.parts import Part, refused
from shared.errors import Refused

LONGEST_HEADER = 2**20
STEP = 2**18
"""Bytes looked at together: bounds what a text of nothing but quotes takes."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MARKS = re.compile(rb'["\n]')


class CsvJoiner:
    """`header`: each output begins with one; the first is kept, and all must be the same. Records are rows without it;
    an empty line is no row."""

    def __init__(self, *, header: bool) -> None:
        self.records: int | None = 0
        self._has_header = header
        self._first: tuple[str, bytes] | None = None

    def join(self, parts: Iterable[Part]) -> Iterator[bytes]:
        for part in parts:
            chunks = part.chunks
            if self._has_header:
                header, chunks = first_row(part)
                yield from self._header(part.task, header)
            yield from self._rows(part.task, chunks)

    def _header(self, task: str, header: bytes) -> Iterator[bytes]:
        if not header:
            return
        columns = header.removeprefix(BYTE_ORDER_MARK).rstrip(b"\r\n")
        if self._first is None:
            self._first = (task, columns)
            yield header if header.endswith(b"\n") else header + b"\n"
        elif self._first[1] != columns:
            raise different_headers(self._first[0], task)

    def _rows(self, task: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        rows, last, before = _Rows(), b"\n", self.records or 0
        for chunk in chunks:
            rows.take(chunk)
            last = chunk[-1:] or last
            self.records = before + rows.count
            yield chunk
        if rows.quoted:
            raise refused(task, "a quote is opened and never closed")
        if last != b"\n":
            rows.take(b"\n")
            self.records = before + rows.count
            yield b"\n"


def different_headers(first: str, other: str) -> Refused:
    return Refused("MERGE", 0, f"the outputs of {first} and {other} cannot be merged: their CSV headers differ")


def first_row(part: Part) -> tuple[bytes, Iterator[bytes]]:
    """The first row with its line end (nothing of an empty output), and what is behind it."""
    held, quoted = b"", False
    for chunk in part.chunks:
        start = len(held)
        held += chunk
        for mark in _MARKS.finditer(held, start):
            if mark[0] == b'"':
                quoted = not quoted
            elif not quoted:
                return held[: mark.end()], chain((held[mark.end() :],), part.chunks)
        if len(held) > LONGEST_HEADER:
            raise refused(part.task, f"its CSV header is longer than {LONGEST_HEADER} bytes")
    if quoted:
        raise refused(part.task, "a quote in its header is opened and never closed")
    return held, iter(())


class _Rows:
    """Counts rows in a stream of bytes. `quoted`: the stream stands between two quotes."""

    def __init__(self) -> None:
        self.count = 0
        self.quoted = False
        self._begun = False

    def take(self, chunk: bytes) -> None:
        for at in range(0, len(chunk), STEP):
            self._step(chunk[at : at + STEP])

    def _step(self, chunk: bytes) -> None:
        """What stands between quotes is replaced by one quote, so that the rest can be counted as plain text."""
        runs = chunk.split(b'"')
        plain = b'"'.join(runs[self.quoted :: 2])
        self.quoted ^= len(runs) % 2 == 0
        self._plain(plain + b'"' if self.quoted else plain)

    def _plain(self, run: bytes) -> None:
        first, last = run.find(b"\n"), run.rfind(b"\n")
        if first < 0:
            self._begun = self._begun or _has_text(run)
            return
        self.count += self._begun or _has_text(run[:first])
        self.count += _full_lines(run[first + 1 : last + 1])
        self._begun = _has_text(run[last + 1 :])


def _full_lines(lines: bytes) -> int:
    if lines[:1] in (b"\n", b"\r") or b"\n\n" in lines or b"\n\r" in lines:
        return sum(map(_has_text, lines.split(b"\n")))
    return lines.count(b"\n")


def _has_text(line: bytes) -> bool:
    return bool(line.strip(b"\r"))
