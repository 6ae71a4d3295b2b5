"""What a job would be: the plan of a dry run, in numbers. Shell: it looks at the input that is there now."""

from __future__ import annotations

from typing import Any

from controller.observe import look_at_input
from controller.split.listing import matching
from controller.split.sizes import sizing
from shared.errors import Problem, Refused, Rejected
from shared.manifest.models import Manifest
from shared.ports import Ports
from shared.record import Plan


def forecast(manifest: Manifest, plan: Plan, ports: Ports) -> dict[str, Any]:
    """{tasks, units, unitKind, bytes, nodes, readsWholeInput}; null where only the input or a full read would tell."""
    units, size = plan.units, 0
    there = look_at_input(manifest, ports.work).ready
    if there and manifest.input.kind == "blob":
        size = blob_size(manifest, ports)
    if there and manifest.input.kind == "blobs":
        units, size = blobs_there(manifest, ports)
    known = there or manifest.input.kind not in ("blob", "blobs")
    tasks = count_tasks(manifest, units, size) if known else None
    if plan.unit_kind == "bytes" and known:
        units = size
    slots = manifest.compute.slots
    return {
        "tasks": tasks,
        "units": units,
        "unitKind": plan.unit_kind,
        "bytes": size if known else None,
        "nodes": min(manifest.compute.max_nodes, -(-tasks // slots)) if tasks is not None else None,
        "readsWholeInput": manifest.input.kind == "blob",
    }


def count_tasks(manifest: Manifest, units: int | None, size: int) -> int | None:
    try:
        return sizing(manifest, units, size).tasks
    except Refused as refused:
        fix = "change the sizes in split"
        raise Rejected((Problem("split", "tasks", str(refused), fix),)) from refused


def blob_size(manifest: Manifest, ports: Ports) -> int:
    container, _, blob = (manifest.input.blob or "").partition("/")
    item = ports.work.head(container, blob)
    return item.length if item else 0


def blobs_there(manifest: Manifest, ports: Ports) -> tuple[int, int]:
    """Count and bytes of the blobs that match now."""
    found = [blob.length for blob in matching(manifest.input, ports.work)]
    return len(found), sum(found)
