"""Cutting by small reads around the points where parts should end: units are bytes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.split.formats.limits import limit_of
from controller.split.formats.opening import windows
from controller.split.parts import Head, Part, Read
from controller.split.sizes import Sizing
from shared.record import SplitCursor

FirstCut = Callable[[Read, int], int | None]
"""(read, at) -> the first position at or past `at` where a record begins; None where none does."""


def cut_by_reads(
    first_cut: FirstCut, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor
) -> Iterator[Part]:
    """The ranges from `start` to the end of the blob; one small read each, more where a record is long."""
    begin = max(start.offset, head.start)
    while begin < size:
        limit = limit_of(sizing, head, begin)
        end = first_cut(read, limit) if limit is not None and limit < size else None
        end = size if end is None else end
        yield Part(begin, end - begin, begin, end - begin, head.prefix)
        begin = end


def first_mark(mark: bytes) -> FirstCut:
    """A record begins behind the first byte of every `mark`."""

    def first_cut(read: Read, at: int) -> int | None:
        position, held = at - 1, b""
        for window in windows(read, at - 1):
            found = (held + window).find(mark)
            if found >= 0:
                return position - len(held) + found + 1
            held, position = window[len(window) + 1 - len(mark) :], position + len(window)
        return None

    return first_cut
