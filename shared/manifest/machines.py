"""Manifest section `compute`: which machines, how many."""

from __future__ import annotations

from shared.manifest.findings import Wrong
from shared.manifest.models import Compute, MergeBy, Staging
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
OF_OWN_POOL = ("vmSize", "osImage", "maxNodes", "taskSlotsPerNode", "spot", "dedicatedAfterPreemptions")
"""What a job says of a pool of its own; a shared one has all of it already."""
PER_JOB = "perJob"
MOST_NODES = 100_000
MOST_SLOTS = 256
DEFAULT_NODES = 10
_WHOLE_FOLDERS: frozenset[MergeBy] = frozenset({"files", "zip", "container"})
_STAGINGS: tuple[Staging, ...] = ("transfer", "mount")

vm_size = matching(r"[A-Za-z0-9_-]{1,64}", "the name of a VM size", "write it as Azure does: Standard_D4s_v5")
pool_id = matching(r"[A-Za-z0-9_-]{1,64}", "the id of a pool", "write it as the Batch account shows it")
_os_image = matching(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}", "the name of an image", "leave it out for the newest one")


def read_compute(section: Section) -> Compute:
    """The machines as stated, those of the profile included; `vm_size` is empty where none is."""
    section.get("profile", text, "")
    pool = _shared_pool(section)
    if pool is not None:
        return Compute(vm_size="", pool=pool, spot=False, dedicated_after_preemptions=None)
    return Compute(
        vm_size=section.get("vmSize", vm_size, ""),
        os_image=section.get("osImage", _os_image, None),
        max_nodes=section.get("maxNodes", integer(1, MOST_NODES), DEFAULT_NODES),
        slots=section.get("taskSlotsPerNode", integer(1, MOST_SLOTS), 1),
        spot=section.get("spot", flag, default=True),
        dedicated_after_preemptions=section.get("dedicatedAfterPreemptions", _preemptions, 3),
        staging=section.get("staging", choice(_STAGINGS), _STAGINGS[0]),
    )


def check_staging(section: Section, merge: MergeBy) -> None:
    """Note `staging: mount` where it does not go with the pool or the merge; before `read_compute`. In a retry it is
    the retried job's, and no default that could just not be used."""
    if not section.says("staging", "mount"):
        return
    fix = "say compute.staging: transfer"
    found = []
    if section.stated("pool") and not section.says("pool", PER_JOB):
        found.append(("mount needs a pool of the job's own: mounts belong to the pool", fix))
    if merge in _WHOLE_FOLDERS:
        message = f"mount does not go with merge.by: {merge}, which takes all files of a folder, leftovers included"
        found.append((message, f"{fix}, or merge.by: concat, lines, csv, json or none"))
    for message, way_out in found:
        if section.findings.retried:
            section.note("staging", Wrong("onlyWith", message, way_out))
        else:
            section.misplaced("staging", message, way_out)


def _shared_pool(section: Section) -> str | None:
    """The operator's pool that the job uses; None = one of its own."""
    if not section.stated("pool") or section.says("pool", PER_JOB):
        return None
    for name in OF_OWN_POOL:
        section.misplaced(name, "does not go with compute.pool: a shared pool is as it is", "leave one of them out")
    return section.get("pool", pool_id, None)


def _preemptions(node: Node) -> int | None:
    if isinstance(node, Scalar) and node.value == "never":
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        raise Wrong("type", "must be a whole number or never", "write 3, or never")
    return integer(1, 1_000_000)(node)
