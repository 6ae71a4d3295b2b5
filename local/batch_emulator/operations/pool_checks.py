"""What a pool's body must hold to, beyond its shape."""

from pathlib import PurePosixPath

from local.batch_emulator import scaling
from local.batch_emulator.failures import BatchError, bad_value, missing
from local.batch_emulator.images import require_agent
from local.batch_emulator.state import Wire
from local.batch_emulator.world import cores

MOST_CONNECTED = 100
MOST_OF_CUSTOM_IMAGE = {"targetDedicatedNodes": 2000, "targetLowPriorityNodes": 1000}


def check_size(spec: Wire) -> None:
    """Check how the pool is to be sized, and what depends on its VM size and image."""
    require_agent(spec["virtualMachineConfiguration"]["nodeAgentSKUId"])
    most = min(4 * cores(spec["vmSize"]), 256)
    if spec.get("taskSlotsPerNode", 1) > most:
        raise bad_value("taskSlotsPerNode", spec["taskSlotsPerNode"], f"must be at most {most} on {spec['vmSize']}")
    check_nodes(spec, spec)
    fixed = "targetDedicatedNodes" in spec or "targetLowPriorityNodes" in spec
    if spec.get("enableAutoScale"):
        if fixed:
            raise BatchError("InvalidAutoScalingSettings", Reason="enableAutoScale excludes target numbers of nodes.")
        if "autoScaleFormula" not in spec:
            raise missing("autoScaleFormula")
        scaling.accept(spec["autoScaleFormula"])
    elif "autoScaleFormula" in spec or "autoScaleEvaluationInterval" in spec:
        raise BatchError("InvalidAutoScalingSettings", Reason="A formula or its interval needs enableAutoScale.")


def check_nodes(spec: Wire, wanted: Wire) -> None:
    """Check numbers of nodes against what pools of this kind may have."""
    reference = spec["virtualMachineConfiguration"]["imageReference"]
    both = sum(wanted.get(name, 0) for name in ("targetDedicatedNodes", "targetLowPriorityNodes"))
    if spec.get("enableInterNodeCommunication") and both > MOST_CONNECTED:
        raise bad_value("targetDedicatedNodes", both, f"at most {MOST_CONNECTED} nodes can communicate with each other")
    for name, most in MOST_OF_CUSTOM_IMAGE.items():
        if "virtualMachineImageId" in reference and wanted.get(name, 0) > most:
            raise bad_value(name, wanted[name], f"at most {most} nodes can be made of a custom image")


def check_sources(spec: Wire) -> None:
    """Check what nodes are to fetch and mount: ways in, identities that the pool has, places of their own."""
    known = {each.lower() for each in (spec.get("identity") or {}).get("userAssignedIdentities", {})}
    mounts = [each["azureBlobFileSystemConfiguration"] for each in spec.get("mountConfiguration", [])]
    for mount in mounts:
        ways = [name for name in ("accountKey", "sasKey", "identityReference") if mount.get(name)]
        if len(ways) != 1:
            raise bad_value("mountConfiguration", ways, "needs exactly one of accountKey, sasKey, identityReference")
        if not is_inside(mount["relativeMountPath"]):
            raise bad_value("relativeMountPath", mount["relativeMountPath"], "must lead into the folder of mounts")
    places = [mount["relativeMountPath"].strip("/") for mount in mounts]
    if len(set(places)) < len(places):
        raise bad_value("mountConfiguration", places, "has a relativeMountPath twice")
    registries = spec["virtualMachineConfiguration"].get("containerConfiguration", {}).get("containerRegistries", [])
    for each in [*mounts, *registries]:
        wanted = (each.get("identityReference") or {}).get("resourceId")
        if wanted is not None and wanted.lower() not in known:
            raise bad_value("identityReference", wanted, "is not an identity of the pool")


def is_inside(path: str) -> bool:
    """Whether a relative path leads into its folder and not out of it again."""
    parts = PurePosixPath(path.strip("/")).parts
    return bool(parts) and ".." not in parts
