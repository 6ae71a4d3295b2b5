"""merge.by: csv: rows of all outputs under one header. Pure.

Bytes are passed on as they are. A newline between quotes belongs to a field: it ends no row, and a row is ended by the
first newline that has an even number of quotes before it.
"""

from __future__ import annotations

import hashlib
import re

from controller.merge.csv_rows import RowCount
from controller.merge.parts import State, refused
from shared.errors import Refused

LONGEST_HEADER = 2**20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MARKS = re.compile(rb'["\n]')


class CsvJoiner:
    """`header`: each output begins with one; the first is kept, and all must be the same. Records are rows without it;
    an empty line is no row."""

    def __init__(self, *, header: bool) -> None:
        self.records: int | None = 0
        self._has_header = header
        self._first: tuple[str, str] | None = None
        """Whose header was the first, and the hash of its columns."""
        self._task = ""
        self._heading: _Heading | None = None
        self._rows, self._before, self._open = RowCount(), 0, False

    def start(self) -> bytes:
        return b""

    def open(self, task: str) -> bytes:
        self._task = task
        self._heading = _Heading(task) if self._has_header else None
        self._rows, self._before, self._open = RowCount(), self.records or 0, False
        return b""

    def take(self, chunk: bytes) -> bytes:
        if self._heading is None:
            return self._body(chunk)
        found = self._heading.take(chunk)
        if found is None:
            return b""
        self._heading = None
        header, rest = found
        return self._header(header) + self._body(rest)

    def close(self) -> bytes:
        if self._heading is not None:
            header, self._heading = self._heading.whole(), None
            return self._header(header)
        if self._rows.quoted:
            raise refused(self._task, "a quote is opened and never closed")
        return self._body(b"\n") if self._open else b""

    def finish(self) -> bytes:
        return b""

    def state(self) -> State | None:
        if self._heading is not None:
            return None
        return {
            "records": self.records,
            "first": self._first,
            "task": self._task,
            "rows": self._rows.state(),
            "before": self._before,
            "open": self._open,
        }

    def resume(self, state: State) -> None:
        self.records = int(state["records"])
        self._first = tuple(state["first"]) if state["first"] else None
        self._task, self._before, self._open = state["task"], int(state["before"]), bool(state["open"])
        self._rows = RowCount(*state["rows"])

    def _header(self, header: bytes) -> bytes:
        if not header:
            return b""
        columns = header.removeprefix(BYTE_ORDER_MARK).rstrip(b"\r\n")
        if b"\r" in b"".join(columns.split(b'"')[::2]):
            raise refused(self._task, "its lines end with carriage returns alone, which are no line ends here")
        digest = hashlib.sha256(columns).hexdigest()
        if self._first is None:
            self._first = (self._task, digest)
            return header if header.endswith(b"\n") else header + b"\n"
        if self._first[1] != digest:
            raise different_headers(self._first[0], self._task)
        return b""

    def _body(self, chunk: bytes) -> bytes:
        if chunk:
            self._rows.take(chunk)
            self._open = not chunk.endswith(b"\n")
            self.records = self._before + self._rows.count
        return chunk


def different_headers(first: str, other: str) -> Refused:
    return Refused("MERGE", 0, f"the outputs of {first} and {other} cannot be merged: their CSV headers differ")


class _Heading:
    """The first row of one output, while it comes in."""

    def __init__(self, task: str) -> None:
        self._task, self._held, self._quoted = task, b"", False

    def take(self, chunk: bytes) -> tuple[bytes, bytes] | None:
        """The row with its line end, and what is behind it; None: not at its end yet."""
        start = len(self._held)
        self._held += chunk
        for mark in _MARKS.finditer(self._held, start):
            if mark[0] == b'"':
                self._quoted = not self._quoted
            elif not self._quoted:
                return self._held[: mark.end()], self._held[mark.end() :]
        if len(self._held) > LONGEST_HEADER:
            raise refused(self._task, f"its CSV header is longer than {LONGEST_HEADER} bytes")
        return None

    def whole(self) -> bytes:
        """The row of an output that ends with it; nothing of an empty output."""
        if self._quoted:
            raise refused(self._task, "a quote in its header is opened and never closed")
        return self._held
