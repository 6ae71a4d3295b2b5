"""JSON arrays, cut between elements, against Python's own json."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.split.formats.json import JsonFinder
from controller.split.parts import Part
from controller.split.sizes import Sizing
from shared.errors import Refused
from shared.record import SplitCursor
from tests.split.cutting import CHUNKS, check, cursor_behind, probed, sizings, sought, streamed

STOPS = st.integers(0, 40)
STRINGS = st.sampled_from(["", "a", "a,b", "]", "[", '"', '\\",', "é\n", "],[", "},{"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False), STRINGS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(STRINGS, inner, max_size=3)),
    max_leaves=6,
)
SPACES = st.sampled_from(["", " ", "\n", "\t\r\n "])
MARK = b"\xef\xbb\xbf"


@st.composite
def arrays(draw: st.DrawFn) -> list[bytes]:
    """Elements as they stand between brackets and commas, with the space around them."""
    values = draw(st.lists(VALUES, max_size=10))
    ascii_only = draw(st.booleans())
    texts = [json.dumps(value, ensure_ascii=ascii_only, indent=draw(st.sampled_from([None, 1]))) for value in values]
    return [(draw(SPACES) + text + draw(SPACES)).encode() for text in texts]


def ends_of(elements: list[bytes], start: int) -> list[int]:
    ends = []
    for element in elements:
        start += len(element) + 1
        ends.append(start - 1)
    return ends


def expected(elements: list[bytes], start: int, sizing: Sizing) -> list[Part]:
    """A part ends before the comma, or the bracket, that follows the element its rule asks for."""
    points = [start + n * (sizing.size - start) // sizing.cuts for n in range(1, sizing.cuts)] if sizing.cuts else []
    found: list[Part] = []
    begin, first = start, 0
    for number, end in enumerate(ends_of(elements, start), start=1):
        full = number - first == sizing.per_task
        full = full or (sizing.bytes_per_task is not None and end - begin >= sizing.bytes_per_task)
        if full or any(begin < point <= end for point in points) or number == len(elements):
            found.append(Part(first, number - first, begin, end - begin, b"[", b"]"))
            begin, first = end + 1, number
    return found


def text_of(data: bytes, part: Part) -> bytes:
    return part.prefix + data[part.offset : part.offset + part.length] + part.suffix


@given(st.data(), arrays(), CHUNKS, STOPS, SPACES, st.booleans())
def test_parts_are_arrays_of_the_same_bytes(
    draw: st.DataObject, elements: list[bytes], chunks: list[int], stop: int, space: str, marked: bool
) -> None:
    """Each part is an array that json reads; all elements in order are the input's, with their bytes as they were."""
    opening = MARK[: 3 * marked] + space.encode() + b"["
    data = opening + b",".join(elements) + b"]" + space.encode()
    sizing = draw.draw(sizings(len(data)))
    parts = check(JsonFinder(), data, sizing, chunks, stop)
    assert parts == expected(elements, len(opening), sizing)
    assert sought(JsonFinder(), data, sizing) is None
    loaded = [json.loads(text_of(data, part)) for part in parts]
    assert [len(each) for each in loaded] == [part.units for part in parts]
    assert same(list(chain.from_iterable(loaded)), json.loads(data.removeprefix(MARK)))
    assert b",".join(text_of(data, part)[1:-1] for part in parts) == b",".join(elements)


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@given(st.data(), arrays(), CHUNKS, STOPS, st.sampled_from(["rows", "data.rows", "a.b.c"]))
def test_an_array_is_found_at_its_path(
    draw: st.DataObject, elements: list[bytes], chunks: list[int], stop: int, path: str
) -> None:
    """The array at a dotted path is cut, whatever stands before and behind it in the document."""
    before = draw.draw(st.dictionaries(st.sampled_from(["x", "rowsX", "]["]), VALUES, max_size=2))
    opening, closing = b"", b""
    for key in path.split("."):
        others = "".join(f"{json.dumps(name)}: {json.dumps(value)}, " for name, value in before.items())
        opening += f'{{{others}"{key}" : '.encode()
        closing += b', "more": [1, 2]}'
    opening += b"["
    data = opening + b",".join(elements) + b"]" + closing
    sizing = draw.draw(sizings(len(data)))
    finder = JsonFinder(path)
    assert probed(finder, data).start == len(opening)
    assert check(finder, data, sizing, chunks, stop) == expected(elements, len(opening), sizing)


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        (b'{"a": []}', "", "it is an object, not a JSON array. Say split.json.path"),
        (b'"text"', "", "it is a string, not a JSON array"),
        (b" 12 ", "", "it is a number, not a JSON array"),
        (b"", "", "no JSON|before any JSON array begins"),
        (b'{"a": {"b": 1}}', "a", "an object stands at split.json.path a"),
        (b'{"a": {"b": null}}', "a.b", "null stands at split.json.path a.b"),
        (b'{"a": {"c": [1]}, "b": [2]}', "a.b", "nothing at split.json.path a.b"),
        (b'{"a": [{"b": [1]}]}', "a.b", "an array|nothing at split.json.path a.b"),
        (b"[1]", "a", "nothing at split.json.path a"),
        (b"a,b\n1,2\n", "", "no JSON between bytes 0 and 8"),
    ],
)
def test_what_holds_no_array_there_is_refused_by_name(data: bytes, path: str, message: str) -> None:
    """The error says what stands there instead, and what to say in the manifest."""
    with pytest.raises(Refused, match=message) as caught:
        probed(JsonFinder(path), data)
    assert caught.value.code == "SPLIT"


@pytest.mark.parametrize("chunk", [1, 3, 100])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[1, 2", "it ends at byte 5, before its JSON array does"),
        (b"[1,, 2]", "no JSON between bytes"),
        (b"[1, 2,]", "no JSON between bytes"),
        (b"[1 2]", "no JSON between bytes"),
        (b"[1, NaN]", "no JSON between bytes"),
        (b'["\xff"]', "no JSON between bytes"),
        (b'["\xed\xa0\x80"]', "no JSON between bytes"),
        (b"[1, %s]" % (b"9" * 5000), "a number between bytes .* has more than 4300 digits"),
        (b"[1e99999999999999999999]", "a number between bytes .* an exponent beyond all bounds"),
        (b"[1]\n[2]\n", "goes on behind its JSON array, which ends at byte 3"),
        (b'[{"a": 1}}', "no JSON between bytes"),
    ],
)
def test_broken_json_is_refused_with_its_place(data: bytes, message: str, chunk: int) -> None:
    """What is no JSON array fails the split, and is never cut somewhere."""
    with pytest.raises(Refused, match=message):
        streamed(JsonFinder(), data, Sizing(len(data), per_task=1), [chunk])


def test_a_pass_resumes_behind_the_last_part_and_finds_nothing() -> None:
    """A cursor that stands before the closing bracket is the end."""
    data = b"[1, [2], 3] "
    parts = streamed(JsonFinder(), data, Sizing(len(data), per_task=1), [100])
    assert streamed(JsonFinder(), data, Sizing(len(data), per_task=1), [2], cursor_behind(parts)) == []
    assert cursor_behind(parts) == SplitCursor(rows=3, units=3, offset=10)


def test_numbers_beyond_any_float_are_passed_on() -> None:
    """Elements are never parsed and printed again: digits stay as they are."""
    data = b"[1e999, 0.1000000000000000000000000001, 123456789012345678901234567890]"
    parts = streamed(JsonFinder(), data, Sizing(len(data), per_task=1), [7])
    assert [text_of(data, part) for part in parts] == [
        b"[1e999]",
        b"[ 0.1000000000000000000000000001]",
        b"[ 123456789012345678901234567890]",
    ]


def test_many_elements_in_one_part_are_counted() -> None:
    """Counting goes over windows and brackets: 20,000 elements of each kind, 7,000 a task."""
    elements: list[Any] = [{"id": number, "at": [number, "],"], "s": "a,b]"} for number in range(20_000)]
    for values in (elements, list(range(20_000)), ["a,]"] * 20_000):
        data = json.dumps(values).encode()
        parts = streamed(JsonFinder(), data, Sizing(len(data), per_task=7_000), [100_000])
        assert [part.units for part in parts] == [7_000, 7_000, 6_000]
        assert [each for part in parts for each in json.loads(text_of(data, part))] == values


HALVES = st.sampled_from(["\\ud800", "\\udC00", "\\uDbff", "\\udfff", "\\\\", "\\u0041", "u", "\\n", ",", "]", "d800"])


@given(st.data(), st.lists(st.lists(HALVES, max_size=5), max_size=6), CHUNKS, STOPS)
def test_halves_of_surrogate_pairs_are_passed_on(
    draw: st.DataObject, strings: list[list[str]], chunks: list[int], stop: int
) -> None:
    """JSON lets an escape stand for half a character, as programs that cut texts write it: it is cut like any other."""
    elements = [f'"{"".join(string)}"'.encode() for string in strings]
    data = b"[" + b",".join(elements) + b"]"
    json.loads(data)
    sizing = draw.draw(sizings(len(data)))
    parts = check(JsonFinder(), data, sizing, chunks, stop)
    assert parts == expected(elements, 1, sizing)


def test_keys_written_as_surrogate_pairs_are_found() -> None:
    """A path means what the document says, however it writes it."""
    data = b'{"\\udc00": 1, "\\ud83d\\ude00": [1, 2]}'
    assert probed(JsonFinder("\U0001f600"), data).start == data.index(b"[") + 1
