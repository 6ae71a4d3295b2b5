"""merge.by: lines: as concat, but each output ends with a newline. Pure."""

from __future__ import annotations

from controller.merge.parts import State


class LinesJoiner:
    """Adds the last newline where an output lacks it; an empty output adds nothing. Records are lines."""

    def __init__(self) -> None:
        self.records: int | None = 0
        self._lines = 0
        self._open = False

    def start(self) -> bytes:
        return b""

    def open(self, task: str) -> bytes:
        self._open = False
        return b""

    def take(self, chunk: bytes) -> bytes:
        self._count(chunk.count(b"\n"))
        if chunk:
            self._open = not chunk.endswith(b"\n")
        return chunk

    def close(self) -> bytes:
        self._count(int(self._open))
        return b"\n" if self._open else b""

    def finish(self) -> bytes:
        return b""

    def state(self) -> State | None:
        return {"lines": self._lines, "open": self._open}

    def resume(self, state: State) -> None:
        self.records = self._lines = int(state["lines"])
        self._open = bool(state["open"])

    def _count(self, lines: int) -> None:
        self._lines += lines
        self.records = self._lines
