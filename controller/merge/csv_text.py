"""CSV bytes as rows of fields. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from controller.merge.parts import Part, refused

BYTE_ORDER_MARK = "\ufeff"


def read_rows(part: Part, delimiter: str, start: int = 0) -> Iterator[tuple[int, list[str]]]:
    """The rows of one output from byte `start` on, each with the offset of its first byte; empty lines are left out.

    Refused, naming the task, for broken CSV.
    """
    lines = _Lines(part.chunks, start)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        while True:
            offset = lines.passed
            row = next(reader, None)
            if row is None:
                return
            if row:
                yield offset, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise refused(part.task, f"it is not CSV in UTF-8: {error}") from error


class _Lines:
    """Text up to and with each newline; quoted ones are put together again by the reader, which asks for no more lines
    than a row needs. `passed`: the offset behind what it has taken."""

    def __init__(self, chunks: Iterator[bytes], start: int) -> None:
        self.passed = start
        self._lines = _lines(chunks)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        text = line.decode()
        if self.passed == 0:
            text = text.removeprefix(BYTE_ORDER_MARK)
        self.passed += len(line)
        return text


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest
