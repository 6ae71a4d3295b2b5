"""JSON text to a tree with places: the same limits as YAML, the same problems.

The standard library's parser tells neither where a value stands nor that a key stands twice, so the text is walked
here; strings are left to it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any

from shared.errors import Problem, Rejected
from shared.manifest.findings import bounded, syntax_error
from shared.manifest.nodes import Entry, ListNode, MapNode, Mark, Node, Scalar, ScalarValue
from shared.manifest.scalars import LONGEST_NUMBER
from shared.manifest.yaml_text import DEPTH, duplicate, joined

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS: tuple[tuple[str, ScalarValue], ...] = (("true", True), ("false", False), ("null", None))
_FIX = "correct the file so that it is valid JSON, or name it .yaml"


def read_json(text: str) -> Node | None:
    """The tree of `text`, None when it is empty; Rejected with the problems of its syntax."""
    walk = _Walk(text)
    if not text.strip(" \t\n\r"):
        return None
    tree, end = walk.value(walk.space(0), None, 0)
    if walk.space(end) < len(text):
        raise walk.unreadable(walk.space(end), "text after the end of the value")
    if walk.duplicates:
        raise Rejected(bounded(tuple(walk.duplicates)))
    return tree


Trail = tuple[Any, int | str] | None
"""The way to a value: (the way to its parent, its index or key). Written out only for a problem."""


def _dotted(trail: Trail) -> str:
    if trail is None:
        return ""
    parent, step = trail
    return joined(_dotted(parent), step) if isinstance(step, str) else f"{_dotted(parent)}[{step}]"


class _Walk:
    """Reads values from positions of one text; every method answers (what it read, the position after it)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.duplicates: list[Problem] = []
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def mark(self, at: int) -> Mark:
        line = bisect_right(self._lines, at)
        return Mark(line, at - self._lines[line - 1] + 1)

    def unreadable(self, at: int, message: str) -> Rejected:
        return syntax_error(self.mark(at), "syntax", f"not JSON: {message}", _FIX)

    def space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, path: Trail, depth: int) -> tuple[Node, int]:
        first = self.text[at : at + 1]
        if first in ("{", "["):
            if depth == DEPTH:
                message = f"nested more than {DEPTH} deep"
                raise syntax_error(self.mark(at), "depth", message, "make the structure flatter", _dotted(path))
            return self._mapping(at, path, depth) if first == "{" else self._list(at, path, depth)
        if first == '"':
            string, end = self._string(at)
            return Scalar(self.mark(at), string), end
        return self._word(at, path)

    def _string(self, at: int) -> tuple[str, int]:
        try:
            string, end = _DECODER.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            raise self.unreadable(error.pos, error.msg) from error
        if not string.isascii() and _SURROGATE.search(string):
            raise self.unreadable(at, "half of a surrogate pair stands alone")
        return string, end

    def _word(self, at: int, path: Trail) -> tuple[Node, int]:
        found = _NUMBER.match(self.text, at)
        if found:
            return Scalar(self.mark(at), self._number(found, path)), found.end()
        for word, value in _WORDS:
            if self.text.startswith(word, at):
                return Scalar(self.mark(at), value), at + len(word)
        raise self.unreadable(at, "a value is missing here")

    def _number(self, found: re.Match[str], path: Trail) -> int | float:
        digits = found.group()
        if len(digits) > LONGEST_NUMBER:
            message = f"a number of more than {LONGEST_NUMBER} characters"
            raise syntax_error(self.mark(found.start()), "number", message, "put it in quotes", _dotted(path))
        return float(digits) if found.group(1) or found.group(2) else int(digits)

    def _list(self, at: int, path: Trail, depth: int) -> tuple[Node, int]:
        node = ListNode(self.mark(at), [])
        at = self.space(at + 1)
        if self.text.startswith("]", at):
            return node, at + 1
        while True:
            element, at = self.value(at, (path, len(node.elements)), depth + 1)
            node.elements.append(element)
            at, ended = self._separator(at, "]")
            if ended:
                return node, at

    def _mapping(self, at: int, path: Trail, depth: int) -> tuple[Node, int]:
        node = MapNode(self.mark(at), {})
        at = self.space(at + 1)
        if self.text.startswith("}", at):
            return node, at + 1
        while True:
            at = self._entry(node, at, path, depth)
            at, ended = self._separator(at, "}")
            if ended:
                return node, at

    def _entry(self, node: MapNode, at: int, path: Trail, depth: int) -> int:
        if not self.text.startswith('"', at):
            raise self.unreadable(at, "a key in double quotes is missing here")
        mark = self.mark(at)
        key, at = self._string(at)
        at = self.space(at)
        if not self.text.startswith(":", at):
            raise self.unreadable(at, "a colon is missing here")
        value, at = self.value(self.space(at + 1), (path, key), depth + 1)
        first = node.entries.setdefault(key, Entry(mark, value))
        if first.key_mark != mark:
            self.duplicates.append(duplicate(_dotted((path, key)), key, first.key_mark, mark))
        return at

    def _separator(self, at: int, end: str) -> tuple[int, bool]:
        at = self.space(at)
        if self.text.startswith(end, at):
            return at + 1, True
        if not self.text.startswith(",", at):
            raise self.unreadable(at, f"a comma or {end} is missing here")
        return self.space(at + 1), False
