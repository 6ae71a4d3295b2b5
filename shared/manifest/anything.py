"""Free values: items, the lists of a sweep, inline config. Whatever JSON can hold."""

from __future__ import annotations

import math
from typing import Any

from shared.manifest.findings import Wrong
from shared.manifest.nodes import ListNode, MapNode, Node, Scalar, described
from shared.manifest.section import Field, Section, elements_up_to
from shared.manifest.yaml_text import joined


def free_list(section: Section, name: str) -> list[Any]:
    """The plain values of the list under `name`; none when absent or no list."""
    return list(free_value(section, name)) if section.get(name, elements_up_to(None), None) else []


def free_value(section: Section, name: str) -> Any:
    """The plain value of a field that is there; numbers that JSON has no word for are noted, and read as null."""
    field = section.field(name)
    strange: list[Scalar] = []
    value = _value(field.node, strange) if field else None
    if field and strange:
        _note(section, field, strange)
    return value


def _value(node: Node, strange: list[Scalar]) -> Any:
    if isinstance(node, Scalar):
        if not isinstance(node.value, float) or math.isfinite(node.value):
            return node.value
        strange.append(node)
        return None
    if isinstance(node, ListNode):
        return [_value(each, strange) for each in node.elements]
    return {key: _value(entry.node, strange) for key, entry in node.entries.items()}


def _note(section: Section, field: Field, strange: list[Scalar]) -> None:
    """The path of a value is looked for only here: a long list costs no paths."""
    ids = {id(node) for node in strange}
    for path, node in _walk(field.path, field.node):
        if id(node) in ids:
            wrong = Wrong("number", f"{described(node)} cannot be written as JSON", "put it in quotes")
            section.findings.note(path, node.mark, wrong, from_policy=node.mark is None)


def _walk(path: str, node: Node) -> list[tuple[str, Scalar]]:
    if isinstance(node, Scalar):
        return [(path, node)]
    if isinstance(node, ListNode):
        inner = [_walk(f"{path}[{index}]", each) for index, each in enumerate(node.elements)]
    else:
        assert isinstance(node, MapNode)
        inner = [_walk(joined(path, key), entry.node) for key, entry in node.entries.items()]
    return [pair for pairs in inner for pair in pairs]
