"""The file itself: what can be read at all, and what its words mean."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.manifest.json_text import read_json
from shared.manifest.nodes import MapNode, to_value
from shared.manifest.yaml_text import read_yaml
from tests.manifest.making import parsed_yaml, problems_yaml, told

HEAD = "version: 1\ncontainer: {image: contoso.azurecr.io/a:1}\ncompute: {vmSize: Standard_D2s_v5}\n"

SCALARS: list[tuple[str, Any]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("nULL", "nULL"),
    ("true", True),
    ("FALSE", False),
    ("tRUE", "tRUE"),
    ("yes", "yes"),
    ("NO", "NO"),
    ("on", "on"),
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("-3", -3),
    ("007", "007"),
    ("-01", "-01"),
    ("0o17", 15),
    ("0o8", "0o8"),
    ("017", "017"),
    ("0x1F", 31),
    ("0b1", "0b1"),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("190:20:30", "190:20:30"),
    ("2026-11-22", "2026-11-22"),
    ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
    ("1.5", 1.5),
    ("1.", 1.0),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("-1.5E-2", -0.015),
    ("1.2.3", "1.2.3"),
    ("1e", "1e"),
    ("+", "+"),
    (".", "."),
    ("=", "="),
    ("<<", "<<"),
    ("12345678901234567890123", 12345678901234567890123),
    ('"1"', "1"),
    ("'true'", "true"),
    ("''", ""),
    ("1 000", "1 000"),
    ("١", "١"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_words_mean_what_yaml_1_2_says(text: str, value: Any) -> None:
    """Unquoted words are read by the core schema; dates, NO, 1:30, 1_000 and 007 stay text."""
    (item,) = parsed_yaml(f"{HEAD}input:\n  items:\n    - {text}\n").input.items
    assert (item, type(item)) == (value, type(value))


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan", "1e999"])
def test_numbers_that_json_lacks_are_refused_in_items(text: str) -> None:
    """Items are handed to programs as JSON, which has no infinity: better told than written wrongly."""
    found = problems_yaml(f"{HEAD}input:\n  items: [1, {{a: {text}}}]\n")
    assert [(each.path, each.rule, each.line) for each in found] == [("input.items[1].a", "number", 5)]


def test_infinity_is_still_read_as_a_number() -> None:
    """Where a number is due, .inf is one, and is refused for its size, not its type."""
    tree = read_yaml("a: [.inf, -.inf, .nan]")
    assert isinstance(tree, MapNode)
    first, second, third = to_value(tree)["a"]
    assert (first, second) == (math.inf, -math.inf)
    assert math.isnan(third)


BROKEN: list[tuple[str | bytes, str, tuple[int | None, int | None]]] = [
    (b"", "empty", (1, 1)),
    (b"# nothing\n", "empty", (1, 1)),
    (b"\xef\xbb\xbf", "empty", (1, 1)),
    ("- 1\n", "type", (1, 1)),
    ("text\n", "type", (1, 1)),
    ("a: 1\n---\nb: 2\n", "document", (2, 1)),
    ("a: 1\na: 2\n", "duplicateKey", (2, 1)),
    ("a:\n  b: 1\n  c: 2\n  'b': 3\n", "duplicateKey", (4, 3)),
    ("a: &x 1\nb: *x\n", "alias", (2, 4)),
    ("a: !!str 1\n", "tag", (1, 4)),
    ("a: !!python/object/apply:os.system [x]\n", "tag", (1, 4)),
    ("a: ! 1\n", "tag", (1, 4)),
    ("a: {" * 21 + "}" * 21, "depth", (1, 80)),
    ("1: a\n", "type", (1, 1)),
    ("true: a\n", "type", (1, 1)),
    ("? [a]\n: 1\n", "type", (1, 3)),
    ("a: [1, 2\n", "syntax", (2, 1)),
    ("a: b: c\n", "syntax", (1, 5)),
    ("\ta: 1\n", "syntax", (1, 1)),
    ("%YAML 2.0\n---\na: 1\n", "syntax", (1, 1)),
    ("é: 1\nb: \x07\n", "syntax", (2, 4)),
    (b"a: \xff\n", "encoding", (1, 4)),
    (b"\xef\xbb\xbfa: 1\n\xc3", "encoding", (2, 1)),
    (f"a: {'1' * 1001}\n", "number", (1, 4)),
    (b"a: " + b"x" * 1024 * 1024, "size", (None, None)),
]

BROKEN_JSON: list[tuple[str, str, tuple[int, int]]] = [
    (" \n", "empty", (1, 1)),
    ("[1]", "type", (1, 1)),
    ("{", "syntax", (1, 2)),
    ('{"a": 1,}', "syntax", (1, 9)),
    ("{'a': 1}", "syntax", (1, 2)),
    ('{"a": 1} x', "syntax", (1, 10)),
    ('{"a": 01}', "syntax", (1, 8)),
    ('{"a": NaN}', "syntax", (1, 7)),
    ('{"a": tru}', "syntax", (1, 7)),
    ('{"a" 1}', "syntax", (1, 6)),
    ('{"a": "\n"}', "syntax", (1, 8)),
    ('{"a": "\\ud800"}', "syntax", (1, 7)),
    ('{"a": 1,\n "a": 2}', "duplicateKey", (2, 2)),
    ('{"a": ' * 21 + "1" + "}" * 21, "depth", (1, 121)),
    (f'{{"a": {"1" * 1001}}}', "number", (1, 7)),
    ("version: 1", "syntax", (1, 1)),
    ('{"a": 1} // b', "syntax", (1, 10)),
]


@pytest.mark.parametrize(("raw", "rule", "place"), BROKEN, ids=lambda value: repr(value)[:40])
def test_what_cannot_be_read_is_told_alone(raw: str | bytes, rule: str, place: tuple[int, int]) -> None:
    """A file that cannot be read has one problem, at the place where reading ended."""
    found = problems_yaml(raw)
    assert [(each.rule, (each.line, each.column)) for each in found] == [(rule, place)]


@pytest.mark.parametrize(("raw", "rule", "place"), BROKEN_JSON, ids=lambda value: repr(value)[:40])
def test_json_is_read_as_strictly(raw: str, rule: str, place: tuple[int, int]) -> None:
    """A .json file must be JSON: no YAML, no comments, no NaN, no key twice."""
    found = problems_yaml(raw, "a.json")
    assert [(each.rule, (each.line, each.column)) for each in found] == [(rule, place)]


def test_a_key_that_stands_twice_names_both_lines() -> None:
    """Both places of a doubled key are told, for every doubled key of the file."""
    found = problems_yaml("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert told(found) == [("b.c", "duplicateKey"), ("a", "duplicateKey")]
    assert "lines 1 and 3" in found[1].message


def test_bad_bytes_are_told_with_their_offset() -> None:
    """The offset counts bytes from the beginning of the file, the mark included."""
    (found,) = problems_yaml(b"\xef\xbb\xbfa: \xe9\n")
    assert "offset 6" in found.message


def test_a_byte_order_mark_and_line_ends_of_windows_are_fine() -> None:
    """Files from Windows editors are accepted."""
    text = f"{HEAD}input: {{items: [1]}}\n".replace("\n", "\r\n")
    assert parsed_yaml("\ufeff" + text).input.items == (1,)


def test_a_yaml_file_may_hold_json() -> None:
    """JSON is YAML too, be it indented by spaces."""
    text = '{"version":1,"container":{"image":"contoso.azurecr.io/a:1"},"input":{"items":[1]},'
    assert parsed_yaml(text + '\n  "compute": {"vmSize": "Standard_D2s_v5"}}').input.items == (1,)


def test_json_may_be_indented_by_tabs() -> None:
    """What YAML forbids, JSON allows: a .json file is read as JSON."""
    found = problems_yaml('{\n\t"version": 1,\n\t"name": "A"\n}', "a.json")
    assert ("name", "pattern") in told(found)


def test_a_bomb_is_refused_where_it_begins() -> None:
    """Aliases that would grow to billions of values are refused at the first one."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert [(each.rule, each.line) for each in problems_yaml("\n".join(lines))] == [("alias", 2)]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", '{"a": '])
def test_a_tower_of_brackets_costs_nothing(opening: str) -> None:
    """A megabyte of opening brackets is refused at the 21st, in YAML and in JSON."""
    text = "a: " * (opening != "- ") + opening * (1_000_000 // len(opening))
    assert {each.rule for each in problems_yaml(text)} <= {"depth", "syntax"}
    assert {each.rule for each in problems_yaml(text.removeprefix("a: "), "a.json")} <= {"depth", "syntax"}


LETTERS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | LETTERS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(LETTERS, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(LETTERS, JSON, max_size=5))
def test_json_means_the_same_in_both_kinds_of_file(value: dict[str, Any]) -> None:
    """Whatever JSON says arrives unchanged, be the file called .json or .yaml."""
    text = json.dumps(value)
    for tree in (read_json(text), read_yaml(text)):
        assert tree is not None
        assert json.dumps(to_value(tree)) == text
