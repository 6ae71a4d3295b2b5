"""merge.by json: elements of all outputs in one array."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.merge.json import JsonJoiner
from shared.errors import Refused
from tests.merge.ground import join

CHUNKS = st.lists(st.integers(1, 7), min_size=1, max_size=4)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)
STYLES: list[dict[str, Any]] = [
    {},
    {"indent": 2, "ensure_ascii": False},
    {"separators": (",", ":")},
    {"separators": (" ,\r\n", "\t: ")},
]


@given(st.lists(st.tuples(VALUES, st.sampled_from(STYLES), st.sampled_from(["", " \n"])), max_size=5), CHUNKS)
def test_the_result_is_the_array_of_all_elements(
    values: list[tuple[Any, dict[str, Any], str]], chunks: list[int]
) -> None:
    """An array gives its elements, any other value itself; whatever its style and however it is cut."""
    outputs = [(space + json.dumps(value, **style) + space).encode() for value, style, space in values]
    expected = [one for value, _, _ in values for one in (value if isinstance(value, list) else [value])]
    joiner = JsonJoiner()
    merged = join(joiner, outputs, chunks)
    assert json.loads(merged) == expected
    assert joiner.records == len(expected)
    assert merged == join(JsonJoiner(), outputs, [10_000])


def test_the_bytes_of_an_element_stay_as_they_are() -> None:
    """Numbers keep their digits, strings their escapes, objects their order, spaces and doubled keys."""
    elements = [b'{"b": 1.10,  "a":1E+2 ,"b":-0}', rb'"\u00e9\/"', b"1.000000000000000000001", b"[ ]", b'"\xc3\xa9"']
    outputs = [b" [ " + b" , ".join(elements[:3]) + b"\n]\n", elements[3].join([b"[", b"]"]), elements[4]]
    assert join(JsonJoiner(), outputs, [3]) == b"[" + b",\n".join(elements) + b"]"


def test_no_output_and_empty_outputs_make_an_empty_array() -> None:
    """Zero bytes, white space and `[]` hold no element."""
    joiner = JsonJoiner()
    assert join(joiner, []) == b"[]"
    assert join(joiner, [b"", b" \n", b"[]", b"[ ]"]) == b"[]"
    assert joiner.records == 0


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (b"[1,2", 4),
        (b'{"a":1', 6),
        (b'"abc', 4),
        (b"[1,]", 3),
        (b"[1 2]", 3),
        (b'{"a" 1}', 5),
        (b'{"a":1,}', 7),
        (b"{a:1}", 1),
        (b"[01]", 1),
        (b"[1.]", 1),
        (b"[+1]", 1),
        (b"[NaN]", 1),
        (b"nul", 0),
        (b'["a\nb"]', 3),
        (b'["\\x"]', 2),
        (b'["\\u12"]', 2),
        (b"[1]]", 3),
        (b'{"a":1}{"a":2}', 7),
        (b"[1}", 2),
        (b"]", 0),
        (b'["\xff"]', 2),
        (b'[{"a":1,"b":[1,2,x]}]', 17),
        (b"1,", 1),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_broken_json_names_the_task_and_the_byte(text: bytes, offset: int, chunk: int) -> None:
    """The first byte that breaks the grammar, wherever chunks end."""
    with pytest.raises(Refused, match=rf"t-000001 .*no JSON at byte {offset}:") as caught:
        join(JsonJoiner(), [b"[1]", text], [chunk])
    assert caught.value.code == "MERGE"


@given(st.text(st.sampled_from('[]{},:"\\u0019-.eE ntrf'), max_size=12), CHUNKS)
def test_what_passes_is_what_a_json_parser_takes(text: str, chunks: list[int]) -> None:
    """Nothing that is no JSON gets into the result, and nothing that is JSON is kept out."""
    try:
        value: Any = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    except ValueError:
        if text.strip(" "):
            with pytest.raises(Refused):
                join(JsonJoiner(), [text.encode()], chunks)
        return
    elements = value if isinstance(value, list) else [value]
    assert json.loads(join(JsonJoiner(), [text.encode()], chunks)) == elements


def test_nesting_has_a_limit() -> None:
    """1,000 levels pass, a few more are refused: no output can exhaust the stack of its readers."""
    assert join(JsonJoiner(), [b"[" * 1000 + b"]" * 1000]).count(b"[") == 1000
    with pytest.raises(Refused, match="nested deeper than 1000"):
        join(JsonJoiner(), [b"[" * 1010 + b"]" * 1010])


def test_a_string_longer_than_any_chunk_passes() -> None:
    """3 MiB in one string, cut anywhere, comes out as it went in."""
    text = json.dumps({"a": 'x\\"é' * 600_000, "b": [1] * 3}).encode()
    assert join(JsonJoiner(), [text], [65_536]) == b"[" + text + b"]"


def test_many_plain_members_pass_quickly() -> None:
    """A megabyte of numbers and strings in one object is no matter of minutes, nor of deep recursion."""
    value = {f"key {number}": [number, str(number), None] for number in range(40_000)}
    text = json.dumps([value] * 2).encode()
    assert json.loads(join(JsonJoiner(), [text], [2**22])) == [value] * 2
