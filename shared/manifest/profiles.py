"""The operator's named sets of machines: a manifest names one, and says beside it only what is to be otherwise.

Order: what the manifest says, then the fields of the profile, then the policy's defaults. A retry that names a profile
takes its machines from there; one that names none has those of the retried job, as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.manifest.defaults import with_defaults
from shared.manifest.findings import Findings
from shared.manifest.machines import OF_OWN_POOL, PER_JOB
from shared.manifest.nodes import MapNode, Scalar, from_value, to_value

SECTION = "compute"
FIELD = "profile"


def with_profile(said: MapNode, under: Mapping[str, Any], profiles: Mapping[str, Any], findings: Findings) -> MapNode:
    """`said` over the profile that it names, or else that of `under`, over `under`. An unknown one is left to the
    permissions, which name those there are."""
    under = _fitting(said, under)
    name = _named(said) or _named(from_value(under))
    fields = profiles.get(name) if name else None
    if name is None or fields is None:
        return with_defaults(said, under)
    findings.profile = (name, frozenset(f"{SECTION}.{field}" for field in fields if not _says(said, field)))
    return with_defaults(with_defaults(said, {SECTION: fields}), under)


def _fitting(said: MapNode, under: Mapping[str, Any]) -> Mapping[str, Any]:
    """`under` without what does not go with what is said: a shared pool beside machines of one's own."""
    compute, stated = under.get(SECTION), _compute(said).entries
    if not isinstance(compute, Mapping):
        return under
    unfit: tuple[str, ...] = ()
    if "pool" in stated and to_value(stated["pool"].node) != PER_JOB:
        unfit = (*OF_OWN_POOL, FIELD)
    elif FIELD in stated or any(name in stated for name in OF_OWN_POOL):
        unfit = ("pool",)
    return {**under, SECTION: {name: value for name, value in compute.items() if name not in unfit}}


def _named(tree: Any) -> str | None:
    node = _compute(tree).entries.get(FIELD)
    return node.node.value if node and isinstance(node.node, Scalar) and isinstance(node.node.value, str) else None


def _says(tree: MapNode, field: str) -> bool:
    return field in _compute(tree).entries


def _compute(tree: Any) -> MapNode:
    entry = tree.entries.get(SECTION) if isinstance(tree, MapNode) else None
    return entry.node if entry and isinstance(entry.node, MapNode) else MapNode(None, {})
