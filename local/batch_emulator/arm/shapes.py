"""From ARM's words to the data plane's and back: names of properties that differ, and the case of enumerations."""

from collections.abc import Callable, Mapping
from typing import Any

from local.batch_emulator.state import Wire

Words = tuple[str, ...]

# Where the two differ: path in ARM's body (below virtualMachineConfiguration or the pool) -> the data plane's name.
_MACHINE_NAMES = {"nodeAgentSkuId": "nodeAgentSKUId"}
_IMAGE_NAMES = {"id": "virtualMachineImageId"}
_POOL_NAMES = {"applicationPackages": "applicationPackageReferences"}
_NETWORK_NAMES = {"dynamicVnetAssignmentScope": "dynamicVNetAssignmentScope"}
_USER_NAMES = {"userName": "username"}
# Property -> its values as ARM writes them; the data plane writes them in lower case or in camel case.
_CAPITALS: Mapping[str, Words] = {
    "nodeFillType": ("Spread", "Pack"),
    "jobDefaultOrder": ("None", "CreationTime"),
    "scope": ("Task", "Pool"),
    "elevationLevel": ("NonAdmin", "Admin"),
}
_CAMELS: Mapping[str, Words] = {
    "type": ("DockerCompatible", "CriCompatible"),
    "workingDirectory": ("TaskWorkingDirectory", "ContainerImageDefault"),
    "policy": ("Regional", "Zonal"),
}


def to_batch(properties: Mapping[str, Any]) -> Wire:
    """Give the data plane's body of a pool, without its scale settings, for ARM's properties."""
    found = {name: value for name, value in properties.items() if name not in ("scaleSettings", *READ_ONLY)}
    deployment = found.pop("deploymentConfiguration", None)
    machine = (deployment or {}).get("virtualMachineConfiguration")
    if machine is not None:
        found["virtualMachineConfiguration"] = _machine(machine, _renamed)
    connected = found.pop("interNodeCommunication", None)
    if connected is not None:
        found["enableInterNodeCommunication"] = str(connected).lower() == "enabled"
    _inner(found, _renamed)
    return {name: _recased(value, _to_batch_case) for name, value in _renamed(found, _POOL_NAMES).items()}


def to_arm(spec: Mapping[str, Any]) -> Wire:
    """Give ARM's properties for a pool's body; scale settings are the caller's."""
    hidden = ("id", "identity", "resourceTags", "enableAutoScale", "autoScaleFormula", "autoScaleEvaluationInterval",
              "resizeTimeout", "targetDedicatedNodes", "targetLowPriorityNodes")  # fmt: skip
    found = {name: value for name, value in spec.items() if name not in hidden}
    machine = found.pop("virtualMachineConfiguration")
    found["deploymentConfiguration"] = {"virtualMachineConfiguration": _machine(machine, _named_back)}
    connected = found.pop("enableInterNodeCommunication", False)
    found["interNodeCommunication"] = "Enabled" if connected else "Disabled"
    _inner(found, _named_back)
    return {name: _recased(value, _to_arm_case) for name, value in _named_back(found, _POOL_NAMES).items()}


READ_ONLY = (
    "lastModified", "creationTime", "provisioningState", "provisioningStateTransitionTime", "allocationState",
    "allocationStateTransitionTime", "currentDedicatedNodes", "currentLowPriorityNodes", "autoScaleRun",
    "resizeOperationStatus",
)  # fmt: skip

Rename = Callable[[Mapping[str, Any], Mapping[str, str]], Wire]


def _renamed(value: Mapping[str, Any], names: Mapping[str, str]) -> Wire:
    return {names.get(name, name): each for name, each in value.items()}


def _named_back(value: Mapping[str, Any], names: Mapping[str, str]) -> Wire:
    return _renamed(value, {there: here for here, there in names.items()})


def _machine(machine: Mapping[str, Any], rename: Rename) -> Wire:
    found = rename(machine, _MACHINE_NAMES)
    if isinstance(found.get("imageReference"), Mapping):
        found["imageReference"] = rename(found["imageReference"], _IMAGE_NAMES)
    return found


def _inner(pool: Wire, rename: Rename) -> None:
    """Rename what lies deeper in a pool's body."""
    if isinstance(pool.get("networkConfiguration"), Mapping):
        pool["networkConfiguration"] = rename(pool["networkConfiguration"], _NETWORK_NAMES)
    start = pool.get("startTask")
    if isinstance(start, Mapping) and isinstance(start.get("userIdentity"), Mapping):
        pool["startTask"] = {**start, "userIdentity": rename(start["userIdentity"], _USER_NAMES)}


def _recased(value: Any, case: Callable[[str, str], str], name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _recased(each, case, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_recased(each, case) for each in value]
    return case(name, value) if isinstance(value, str) else value


def _to_batch_case(name: str, value: str) -> str:
    known = _known(name, value)
    if known is None:
        return value
    return known[0].lower() + known[1:] if name in _CAMELS else known.lower()


def _to_arm_case(name: str, value: str) -> str:
    return _known(name, value) or value


def _known(name: str, value: str) -> str | None:
    words = (*_CAPITALS.get(name, ()), *_CAMELS.get(name, ()))
    return next((word for word in words if word.lower() == value.lower()), None)
