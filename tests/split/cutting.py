"""What every finder is held to: its parts against the rules of the contract, in any chunks, from any point."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from controller.split.parts import Finder, Head, Part, Read, behind
from controller.split.sizes import Sizing
from shared.record import SplitCursor

CHUNKS = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@st.composite
def sizings(draw: st.DrawFn, size: int, *, counted: bool | None = None) -> Sizing:
    """Every combination of rules that a manifest can ask for; `counted`: with or without `unitsPerTask`."""
    number = st.integers(1, 12)
    rules = {None: ["units", "bytes", "both", "cuts"], True: ["units", "both"], False: ["bytes", "cuts"]}[counted]
    rule = draw(st.sampled_from(rules))
    if rule == "cuts":
        return Sizing(size, cuts=draw(number))
    return Sizing(
        size,
        per_task=draw(number) if rule in ("units", "both") else None,
        bytes_per_task=draw(number) if rule in ("bytes", "both") else None,
    )


def reading(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def probed(finder: Finder, data: bytes) -> Head:
    return finder.probe(reading(data), len(data))


class Chunked:
    """`data` in pieces of these lengths, over and over. `handed`: bytes up to the last piece, and with it."""

    def __init__(self, data: bytes, lengths: list[int], start: int = 0) -> None:
        self.handed = (start, start)
        self._data, self._lengths = data, lengths

    def __iter__(self) -> Iterator[bytes]:
        at = self.handed[1]
        for length in itertools.cycle(self._lengths):
            if at >= len(self._data):
                return
            self.handed = (at, min(at + length, len(self._data)))
            yield self._data[at : at + length]
            at += length


def streamed(
    finder: Finder, data: bytes, sizing: Sizing, lengths: list[int], cursor: SplitCursor | None = None
) -> list[Part]:
    """The parts of a stream; a part that came later than it had to is an error."""
    cursor = cursor or SplitCursor()
    chunks = Chunked(data, lengths, cursor.offset)
    found = []
    for part in finder.stream(probed(finder, data), iter(chunks), sizing, cursor):
        end = part.offset + part.length
        assert chunks.handed[0] - 1 <= end <= chunks.handed[1], "a part was told too late, or too early"
        assert part.length > 0
        assert part.units > 0
        found.append(part)
    return found


def sought(finder: Finder, data: bytes, sizing: Sizing, cursor: SplitCursor | None = None) -> list[Part] | None:
    """The parts found by reads; None where the format cannot be cut so."""
    head, read = probed(finder, data), reading(data)
    found = finder.seek(head, read, len(data), sizing, cursor or SplitCursor())
    return None if found is None else list(found)


def cursor_behind(parts: list[Part]) -> SplitCursor:
    cursor = SplitCursor()
    for part in parts:
        cursor = behind(cursor, part)
    return cursor


def expected(ends: list[int], start: int, sizing: Sizing, *, counted: bool, prefix: bytes = b"") -> list[Part]:
    """The rules of the contract, record by record: record n is [ends[n - 1], ends[n]), the first begins at `start`."""
    span = sizing.size - start
    points = [start + number * span // sizing.cuts for number in range(1, sizing.cuts)] if sizing.cuts else []
    found: list[Part] = []
    begin, first = start, 0
    for number, end in enumerate(ends, start=1):
        full = number - first == sizing.per_task
        full = full or (sizing.bytes_per_task is not None and end - begin >= sizing.bytes_per_task)
        if full or any(begin < point <= end for point in points) or number == len(ends):
            found.append(Part(first, number - first, begin, end - begin, prefix))
            begin, first = end, number
    return found if counted else [replace(part, first=part.offset, units=part.length) for part in found]


def check(finder: Finder, data: bytes, sizing: Sizing, lengths: list[int], stop: int) -> list[Part]:
    """The parts, the same in any chunks, from any part on, and by reads."""
    whole = streamed(finder, data, sizing, [len(data) + 1])
    assert streamed(finder, data, sizing, lengths) == whole
    stop = stop % (len(whole) + 1)
    behind_it = cursor_behind(whole[:stop])
    assert streamed(finder, data, sizing, lengths, behind_it) == whole[stop:]
    assert sought(finder, data, sizing) in (None, whole)
    assert sought(finder, data, sizing, behind_it) in (None, whole[stop:])
    return whole


def tiled(data: bytes, parts: list[Part]) -> bytes:
    """The bytes of all parts, which must lie one behind the other."""
    for one, other in itertools.pairwise(parts):
        assert one.offset + one.length == other.offset
    return b"".join(data[part.offset : part.offset + part.length] for part in parts)
