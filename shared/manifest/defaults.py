"""The policy's defaults, laid under a manifest: a field that the manifest does not say is taken from them.

Fields of one kind exclude one another (a source, a size of tasks), so a default of such a group counts only where the
manifest says none of the group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.manifest.nodes import Entry, MapNode, from_value

_GROUPS = (
    ("input", ("items", "blob", "blobs", "range", "sweep", "retryOf")),
    ("split", ("unitsPerTask", "bytesPerTask", "tasks")),
)
_WHOLE = frozenset({"config", "input.sweep", "input.range", "failure.tolerated"})
"""Values that are taken from one side alone, never mixed."""


def with_defaults(tree: MapNode, defaults: Mapping[str, Any]) -> MapNode:
    """`tree` with the absent fields of `defaults`; those have no place in the file."""
    under = from_value(defaults)
    return _merged(tree, under, "") if isinstance(under, MapNode) else tree


def _merged(over: MapNode, under: MapNode, path: str) -> MapNode:
    entries = dict(over.entries)
    closed = {name for where, names in _GROUPS if where == path and set(names) & set(entries) for name in names}
    for name, entry in under.entries.items():
        mine = entries.get(name)
        inner = f"{path}.{name}".lstrip(".")
        if mine is None and name not in closed:
            entries[name] = entry
        elif mine is not None and inner not in _WHOLE:
            entries[name] = _under(mine, entry, inner)
    return MapNode(over.mark, entries)


def _under(mine: Entry, default: Entry, path: str) -> Entry:
    if isinstance(mine.node, MapNode) and isinstance(default.node, MapNode):
        return Entry(mine.key_mark, _merged(mine.node, default.node, path))
    return mine
