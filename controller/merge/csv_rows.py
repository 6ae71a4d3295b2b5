"""Counting the rows of CSV bytes that stream by. Pure."""

from __future__ import annotations

STEP = 2**18
"""Bytes looked at together: bounds what a text of nothing but quotes takes."""


class RowCount:
    """`count`: rows so far, an empty line being none. `quoted`: the stream stands between two quotes; `begun`: in a row
    that has text."""

    def __init__(self, count: int = 0, quoted: bool = False, begun: bool = False) -> None:
        self.count, self.quoted, self._begun = count, quoted, begun

    def state(self) -> list[int | bool]:
        """What makes an equal one."""
        return [self.count, self.quoted, self._begun]

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
