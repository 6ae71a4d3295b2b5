"""Manifests for tests: a good one, changed field by field, through the public door."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

from shared.errors import Problem, Rejected
from shared.manifest.models import Manifest
from shared.manifest.parse import parse_manifest
from shared.policy import Policy, VmSize

POLICY = Policy(
    images=("contoso.azurecr.io/**",),
    read=("data/**", "reference/**"),
    write=("results/**", "data/out/**"),
    secrets=("task-sql",),
    vm_sizes={
        "Standard_D2s_v5": VmSize(cores=2),
        "Standard_F64s_v2": VmSize(cores=64),
        "Standard_L96s": VmSize(cores=96),
    },
)

BASE: dict[str, Any] = {
    "version": 1,
    "container": {"image": "contoso.azurecr.io/app:1"},
    "input": {"items": [1, 2]},
    "compute": {"vmSize": "Standard_D2s_v5"},
}


class Absent(str):
    """Stands for a field that is left out. Its name is the same in every process, as those of tests must be."""

    __slots__ = ()


ABSENT = Absent("absent")
SOURCES = ("items", "blob", "blobs", "range", "sweep")


def tree(changes: dict[str, Any]) -> dict[str, Any]:
    """BASE with dotted fields set, or taken out (ABSENT). A source replaces the source that is there."""
    built = copy.deepcopy(BASE)
    for path, value in changes.items():
        *folders, last = path.split(".")
        place = built
        for folder in folders:
            place = place.setdefault(folder, {})
        if folders == ["input"] and last in SOURCES:
            place.pop("items", None)
        if value is ABSENT:
            place.pop(last, None)
        else:
            place[last] = value
    return built


def parsed(changes: dict[str, Any], policy: Policy = POLICY) -> Manifest:
    """The manifest of BASE with changes."""
    return parse_manifest(json.dumps(tree(changes)).encode(), "folder/job.json", policy)


def parsed_yaml(text: str, policy: Policy = POLICY) -> Manifest:
    """The manifest of a YAML text."""
    return parse_manifest(text.encode(), "folder/job.yaml", policy)


def problems(changes: dict[str, Any], policy: Policy = POLICY) -> tuple[Problem, ...]:
    """What is wrong with BASE with changes; nothing when it is fine."""
    try:
        parsed(changes, policy)
    except Rejected as rejected:
        return rejected.problems
    return ()


def problems_yaml(text: str | bytes, path: str = "folder/job.yaml", policy: Policy = POLICY) -> tuple[Problem, ...]:
    """What is wrong with a file."""
    try:
        parse_manifest(text.encode() if isinstance(text, str) else text, path, policy)
    except Rejected as rejected:
        return rejected.problems
    return ()


def told(found: Iterable[Problem]) -> list[tuple[str, str]]:
    """(path, rule) of each problem."""
    return [(problem.path, problem.rule) for problem in found]
