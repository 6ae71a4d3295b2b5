"""merge.by: lines: as concat, but each output ends with a newline. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.merge.parts import Part


class LinesJoiner:
    """Adds the last newline where an output lacks it; an empty output adds nothing. Records are lines."""

    def __init__(self) -> None:
        self.records: int | None = 0
        self._lines = 0

    def join(self, parts: Iterable[Part]) -> Iterator[bytes]:
        for part in parts:
            last = b"\n"
            for chunk in part.chunks:
                self._count(chunk.count(b"\n"))
                last = chunk[-1:] or last
                yield chunk
            if last != b"\n":
                self._count(1)
                yield b"\n"

    def _count(self, lines: int) -> None:
        self._lines += lines
        self.records = self._lines
