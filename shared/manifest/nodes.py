"""The tree of a manifest or policy file as it was written: values with the place they stand at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

ScalarValue = None | bool | int | float | str


class Mark(NamedTuple):
    """A place in the file; both start at 1, columns count characters."""

    line: int
    column: int


@dataclass(slots=True)
class Scalar:
    """One value. `mark` is None where the value comes from the policy's defaults, not from the file."""

    mark: Mark | None
    value: ScalarValue


@dataclass(slots=True)
class ListNode:
    mark: Mark | None
    elements: list[Node]


class Entry(NamedTuple):
    """A key's place and its value."""

    key_mark: Mark | None
    node: Node


@dataclass(slots=True)
class MapNode:
    mark: Mark | None
    entries: dict[str, Entry]


Node = Scalar | ListNode | MapNode


def from_value(value: Any) -> Node:
    """A tree without places from plain values (the policy's defaults)."""
    if isinstance(value, Mapping):
        return MapNode(None, {key: Entry(None, from_value(each)) for key, each in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ListNode(None, [from_value(each) for each in value])
    return Scalar(None, value)


def to_value(node: Node) -> Any:
    """The plain value of a tree: dict, list, str, int, float, bool, None."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, ListNode):
        return [to_value(each) for each in node.elements]
    return {key: to_value(entry.node) for key, entry in node.entries.items()}


def described(node: Node) -> str:
    """A value in words, for messages: `the number 5`, `a list`."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    return _described_scalar(node.value)


def _described_scalar(value: ScalarValue) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {shortened(value)}"
    digits = repr(value)
    return f"the number {digits if len(digits) <= 60 else digits[:57] + '...'}"


def shortened(text: str) -> str:
    """`text` in quotes, cut to 60 characters: a problem must not carry a megabyte."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
