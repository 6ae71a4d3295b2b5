"""Cutting a text blob at line ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.split.lines import PIECE, cut
from controller.split.sizes import Sizing
from shared.errors import Refused
from shared.record import SplitCursor

TEXTS = st.lists(st.sampled_from([b"", b"a", b"bc", b"\r", b"long line"]), max_size=30).flatmap(
    lambda lines: st.sampled_from([b"\n".join(lines), b"\n".join([*lines, b""])])
)


@st.composite
def sizings(draw: st.DrawFn, size: int) -> Sizing:
    """Every combination of rules that a manifest can ask for."""
    number = st.integers(1, 12)
    rule = draw(st.sampled_from(["lines", "bytes", "both", "cuts"]))
    if rule == "cuts":
        return Sizing(size, cuts=draw(number))
    return Sizing(
        size,
        per_task=draw(number) if rule in ("lines", "both") else None,
        bytes_per_task=draw(number) if rule in ("bytes", "both") else None,
    )


def chunked(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """`data` in pieces of these lengths, over and over; empty ones included."""
    at = 0
    for length in itertools.cycle(cuts or [len(data) + 1]):
        if at >= len(data):
            return
        yield data[at : at + length]
        at += length


def parts(data: bytes, sizing: Sizing, chunks: list[int], start: int = 0) -> list[tuple[bytes, int]]:
    """(bytes, lines) of each part."""
    found, held, lines = [], b"", 0
    for piece in cut(chunked(data[start:], chunks), sizing, SplitCursor(offset=start)):
        assert len(piece.data) <= PIECE
        held, lines = held + piece.data, lines + piece.lines
        if piece.ends:
            found.append((held, lines))
            held, lines = b"", 0
    assert held == b"", "a part without an end"
    return found


def expected(data: bytes, sizing: Sizing) -> list[tuple[bytes, int]]:
    """The rules of the contract, line by line."""
    points = [number * sizing.size // sizing.cuts for number in range(1, sizing.cuts)] if sizing.cuts else []
    found, held, lines, start = [], b"", 0, 0
    for line in data.splitlines(keepends=True) if b"\r" not in data else lines_of(data):
        held, lines = held + line, lines + 1
        end = start + len(held)
        full = lines == sizing.per_task or (sizing.bytes_per_task is not None and len(held) >= sizing.bytes_per_task)
        if full or any(start < point <= end for point in points):
            found.append((held, lines))
            held, lines, start = b"", 0, end
    return [*found, (held, lines)] if held else found


def lines_of(data: bytes) -> list[bytes]:
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


@given(st.data(), TEXTS, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_parts_hold_every_byte_once_and_end_where_the_manifest_says(
    draw: st.DataObject, data: bytes, chunks: list[int]
) -> None:
    """Whatever the chunks, the parts in order are the input, and each ends at the line end that its rule asks for."""
    sizing = draw.draw(sizings(len(data)))
    found = parts(data, sizing, chunks)
    assert b"".join(part for part, _ in found) == data
    assert found == expected(data, sizing)


@given(st.data(), TEXTS, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_cutting_goes_on_from_any_part_as_if_it_had_never_stopped(
    draw: st.DataObject, data: bytes, chunks: list[int]
) -> None:
    """A pass that resumes at the start of part n finds part n and all later ones as the first pass would have."""
    sizing = draw.draw(sizings(len(data)))
    whole = parts(data, sizing, [3])
    resumed_at = draw.draw(st.integers(0, len(whole)))
    start = sum(len(part) for part, _ in whole[:resumed_at])
    if start < len(data):
        assert parts(data, sizing, chunks, start) == whole[resumed_at:]


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\xff\xfea\x00\n\x00", "UTF-16"),
        (b"\xfe\xff\x00a\x00\n", "UTF-16"),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", "UTF-32"),
        (b"\x00\x00\xfe\xff\x00\x00\x00a", "UTF-32"),
        (b"\x1f\x8b\x08\x00rest", "gzip"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_what_is_no_utf_8_text_is_refused_by_name(start: bytes, name: str, chunk: int) -> None:
    """UTF-16, UTF-32 and gzip are named in the error, however few bytes come at a time."""
    with pytest.raises(Refused, match=name) as caught:
        parts(start, Sizing(len(start), per_task=1), [chunk])
    assert caught.value.code == "SPLIT"


def test_a_mark_in_the_middle_of_the_input_is_just_bytes() -> None:
    """Only the start of the blob is looked at: a part that begins with such bytes is passed on."""
    data = b"a\n\xff\xfeb\n"
    assert parts(data, Sizing(len(data), per_task=1), [100], start=2) == [(b"\xff\xfeb\n", 1)]


def test_a_line_longer_than_any_piece_stays_in_one_part() -> None:
    """A 9 MiB line comes in pieces of at most 4 MiB and ends its part once."""
    data = b"x" * (9 * 2**20) + b"\n" + b"y"
    found = parts(data, Sizing(len(data), per_task=1), [16 * 2**20])
    assert [(len(part), lines) for part, lines in found] == [(9 * 2**20 + 1, 1), (1, 1)]


def test_equal_cut_points_collapse() -> None:
    """One long line and `tasks: 5` make one part for the line, none of them empty."""
    data = b"x" * 100 + b"\nshort\n"
    found = parts(data, Sizing(len(data), cuts=5), [7])
    assert [part for part, _ in found] == [b"x" * 100 + b"\n", b"short\n"]
