"""What a job would be: the plan of a dry run, in numbers. Shell: it looks at the input that is there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.observe import look_at_input
from controller.side import runs_splitter
from controller.split.formats.registry import finder_of
from controller.split.listing import head, matching
from controller.split.sizes import sizing
from shared.errors import Problem, Refused, Rejected, Vanished
from shared.manifest.models import Manifest
from shared.manifest.units import reads_whole_input
from shared.ports import Ports
from shared.record import Plan


def forecast(manifest: Manifest, plan: Plan, ports: Ports) -> dict[str, Any]:
    """{tasks, units, unitKind, bytes, nodes, readsWholeInput}; null where only the input or a full read would tell.

    Rejected where what is there now could not be split as the manifest says.
    """
    there = look_at_input(manifest, ports.work).ready or manifest.input.kind not in ("blob", "blobs")
    try:
        seen = look(manifest, plan, ports) if there else Seen()
    except Vanished:
        seen = Seen()
    except Refused as refused:
        raise Rejected((Problem("split", "tasks", str(refused), "change what split says"),)) from refused
    return {
        "tasks": seen.tasks,
        "units": seen.units,
        "unitKind": plan.unit_kind,
        "bytes": seen.bytes,
        "nodes": nodes_for(manifest, seen.tasks),
        "readsWholeInput": seen.packed or reads_whole_input(manifest.input, manifest.split),
    }


def nodes_for(manifest: Manifest, tasks: int | None) -> int | None:
    """How many nodes would be asked for; None on a shared pool, or where the tasks are not known."""
    compute = manifest.compute
    return None if tasks is None or compute.pool else min(compute.max_nodes, -(-tasks // compute.slots))


@dataclass(frozen=True)
class Seen:
    """The input as it is now; None where that does not tell."""

    tasks: int | None = None
    units: int | None = None
    bytes: int | None = None
    packed: bool = False


def look(manifest: Manifest, plan: Plan, ports: Ports) -> Seen:
    """Refused with SPLIT where it cannot be split."""
    match manifest.input.kind:
        case "blob":
            return look_at_blob(manifest, plan, ports)
        case "blobs":
            found = [blob.length for blob in matching(manifest.input, ports.work)]
            if runs_splitter(manifest):
                return Seen(bytes=sum(found))
            return Seen(sizing(manifest, len(found), 0).tasks, len(found), sum(found))
        case _:
            return Seen(sizing(manifest, plan.units, 0).tasks, plan.units, 0)


def look_at_blob(manifest: Manifest, plan: Plan, ports: Ports) -> Seen:
    """Its first bytes tell whether it is packed, and how long a header is that every part repeats."""
    fact = head(manifest, ports.work, ports.clock.now())
    if runs_splitter(manifest):
        return Seen(bytes=fact.bytes)
    if fact.packed:
        return Seen(fact.tasks, None, fact.bytes, packed=True)
    container, _, name = (manifest.input.blob or "").partition("/")

    def read(offset: int, length: int) -> bytes:
        wanted = ports.work.stream(container, name, etag=fact.etag or "", offset=offset, length=length)
        return b"".join(wanted)

    start = finder_of(manifest.split).probe(read, fact.bytes).start if fact.bytes else 0
    return Seen(fact.tasks, fact.bytes - start if plan.unit_kind == "bytes" else None, fact.bytes)
