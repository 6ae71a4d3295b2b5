"""YAML text to a tree with places: one document, no tags, no aliases, at most DEPTH levels, no key twice.

The tree is built from libyaml's events, one at a time, so a file that is nested too deeply or refers to itself is
refused where it begins to be, before it costs anything. PyYAML's own parser is no substitute: it reads tabs otherwise,
and a megabyte takes it half a minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from shared.errors import Problem, Rejected
from shared.manifest.findings import bounded, syntax_error
from shared.manifest.nodes import Entry, ListNode, MapNode, Mark, Node, Scalar, described, shortened
from shared.manifest.scalars import LONGEST_NUMBER, TooLong, plain_value

DEPTH = 20

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_VALUE = "found character that cannot start any token"
TAB = "\t"
_ONE_DOCUMENT = "keep one document: drop one file per job"


def read_yaml(text: str) -> Node | None:
    """The tree of `text`, None when it holds no value; Rejected with the problems of its syntax."""
    _check_characters(text)
    tree = _Tree()
    for event in _events(text):
        tree.take(event)
    if tree.duplicates:
        raise Rejected(bounded(tuple(tree.duplicates)))
    return tree.root


def _check_characters(text: str) -> None:
    """The parser tells where such a character stands only in bytes, so it is looked for here."""
    found = _UNPRINTABLE.search(text)
    if found:
        message = f"not YAML: the character U+{ord(found.group()):04X} is not allowed"
        raise syntax_error(
            place_of(text, found.start()), "syntax", message, 'remove it, or write it as "\\u...." in quotes'
        )


def place_of(text: str, at: int) -> Mark:
    """Line and column of a position in a text."""
    return Mark(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _events(text: str) -> Iterator[Any]:
    parser = yaml.CSafeLoader(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    except yaml.YAMLError as error:
        raise _unreadable(error, text) from error
    finally:
        parser.dispose()


def _unreadable(error: yaml.YAMLError, text: str) -> Rejected:
    place = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    context = getattr(error, "context", None)
    message = f"not YAML: {context}, {problem}" if context else f"not YAML: {problem}"
    fix = "correct the line; texts with : # { } [ ] $ or quotes in them are safest in quotes"
    if _NO_VALUE in problem and place:
        character = text[place.index : place.index + 1]
        message = f"not YAML: no value can begin with {'a tab' if character == TAB else character} here"
        fix = "indent with blanks instead of tabs" if character == TAB else "put the value in quotes"
    return syntax_error(_mark(place) if place else None, "syntax", message, fix)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


class _Open:
    """A list or mapping whose end has not come yet. `key` is the mapping's key that waits for its value."""

    def __init__(self, node: ListNode | MapNode, path: str) -> None:
        self.node = node
        self.path = path
        self.key: tuple[str, Mark] | None = None

    def next_path(self) -> str:
        if isinstance(self.node, ListNode):
            return f"{self.path}[{len(self.node.elements)}]"
        return joined(self.path, self.key[0]) if self.key else self.path


def joined(path: str, name: str) -> str:
    """The dotted path of a field below `path`."""
    return f"{path}.{name}" if path else name


class _Tree:
    """Takes events, grows the tree."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.duplicates: list[Problem] = []
        self._open: list[_Open] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise self._refused(event, "alias", f"the alias *{event.anchor} is not allowed", "write the value out")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._refused(event, "document", "a second document begins here", _ONE_DOCUMENT)

    def _refused(self, event: Any, rule: str, message: str, fix: str) -> Rejected:
        path = self._open[-1].next_path() if self._open else ""
        return syntax_error(_mark(event.start_mark), rule, message, fix, path)

    def _untagged(self, event: Any) -> None:
        if event.tag is not None:
            raise self._refused(event, "tag", f"the tag {shortened(event.tag)} is not allowed", "leave the tag out")

    def _scalar(self, event: Any) -> None:
        self._untagged(event)
        mark = _mark(event.start_mark)
        if event.implicit[0]:
            try:
                self._put(Scalar(mark, plain_value(event.value)), event)
            except TooLong:
                message = f"a number of more than {LONGEST_NUMBER} characters"
                raise self._refused(event, "number", message, "put it in quotes") from None
        else:
            self._put(Scalar(mark, event.value), event)

    def _start(self, event: Any) -> None:
        self._untagged(event)
        mark = _mark(event.start_mark)
        if len(self._open) == DEPTH:
            raise self._refused(event, "depth", f"nested more than {DEPTH} deep", "make the structure flatter")
        path = self._open[-1].next_path() if self._open else ""
        node = ListNode(mark, []) if isinstance(event, yaml.SequenceStartEvent) else MapNode(mark, {})
        self._put(node, event)
        self._open.append(_Open(node, path))

    def _put(self, node: Node, event: Any) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node, ListNode):
            parent.node.elements.append(node)
        elif parent.key is None:
            parent.key = self._key(node, event)
        else:
            self._value(parent, parent.node, node)

    def _key(self, node: Node, event: Any) -> tuple[str, Mark]:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value, _mark(event.start_mark)
        fix = "put the key in quotes" if isinstance(node, Scalar) else "use a text as key"
        raise self._refused(event, "type", f"a key must be a string, not {described(node)}", fix)

    def _value(self, parent: _Open, mapping: MapNode, node: Node) -> None:
        assert parent.key is not None
        key, mark = parent.key
        parent.key = None
        first = mapping.entries.get(key)
        if first is None:
            mapping.entries[key] = Entry(mark, node)
        else:
            self.duplicates.append(duplicate(joined(parent.path, key), key, first.key_mark, mark))


def duplicate(path: str, key: str, first: Mark | None, second: Mark) -> Problem:
    """The problem of a key that stands twice in one mapping."""
    one = first is not None and first.line == second.line
    lines = f"line {second.line}" if one else f"lines {first.line if first else '?'} and {second.line}"
    message = f"the key {shortened(key)} stands twice, in {lines}"
    return Problem(path, "duplicateKey", message, "keep one of them", second.line, second.column)
