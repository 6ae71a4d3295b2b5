"""Free values: items, the lists of a sweep, inline config. Whatever JSON can hold."""

from __future__ import annotations

import math
from typing import Any

from shared.manifest.findings import Findings, Wrong
from shared.manifest.nodes import ListNode, MapNode, Node, Scalar, described
from shared.manifest.section import Field


def free_value(field: Field, findings: Findings) -> Any:
    """The plain value of a field; numbers that JSON has no word for are noted."""
    return _value(field.path, field.node, findings)


def _value(path: str, node: Node, findings: Findings) -> Any:
    if isinstance(node, ListNode):
        return [_value(f"{path}[{index}]", each, findings) for index, each in enumerate(node.elements)]
    if isinstance(node, MapNode):
        return {key: _value(f"{path}.{key}", entry.node, findings) for key, entry in node.entries.items()}
    return _scalar(path, node, findings)


def _scalar(path: str, node: Scalar, findings: Findings) -> Any:
    if isinstance(node.value, float) and not math.isfinite(node.value):
        wrong = Wrong("number", f"{described(node)} cannot be written as JSON", "put it in quotes")
        findings.note(path, node.mark, wrong, from_policy=node.mark is None)
    return node.value
