"""Manifest section `compute`: which machines, how many."""

from __future__ import annotations

from shared.manifest.availability import refuse, unavailable
from shared.manifest.findings import Wrong
from shared.manifest.models import Compute
from shared.manifest.nodes import Node, Scalar
from shared.manifest.section import Section
from shared.manifest.values import choice, flag, integer, matching, text

FIELDS = (
    "profile",
    "vmSize",
    "osImage",
    "maxNodes",
    "taskSlotsPerNode",
    "spot",
    "dedicatedAfterPreemptions",
    "pool",
    "staging",
)
MOST_NODES = 100_000
MOST_SLOTS = 256
DEFAULT_NODES = 10

vm_size = matching(r"[A-Za-z0-9_-]{1,64}", "the name of a VM size", "write it as Azure does: Standard_D4s_v5")
_os_image = matching(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}", "the name of an image", "leave it out for the newest one")


def read_compute(section: Section) -> Compute:
    """The machines as stated; `vm_size` is empty where none is."""
    section.get("profile", text, "")
    refuse(section, "profile")
    for name, default in (("pool", "perJob"), ("staging", "transfer")):
        value = section.get(name, choice(("transfer", "mount")) if name == "staging" else text, default)
        if value != default:
            section.note(name, unavailable(f"compute.{name}", value))
    return Compute(
        vm_size=section.get("vmSize", vm_size, ""),
        os_image=section.get("osImage", _os_image, None),
        max_nodes=section.get("maxNodes", integer(1, MOST_NODES), DEFAULT_NODES),
        slots=section.get("taskSlotsPerNode", integer(1, MOST_SLOTS), 1),
        spot=section.get("spot", flag, default=True),
        dedicated_after_preemptions=section.get("dedicatedAfterPreemptions", _preemptions, 3),
    )


def _preemptions(node: Node) -> int | None:
    if isinstance(node, Scalar) and node.value == "never":
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        raise Wrong("type", "must be a whole number or never", "write 3, or never")
    return integer(1, 1_000_000)(node)
