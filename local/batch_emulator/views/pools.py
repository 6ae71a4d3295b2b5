"""Pools."""

from uuid import NAMESPACE_URL, uuid5

from local.batch_emulator.protocol.pages import Properties
from local.batch_emulator.state import Pool, Wire
from local.batch_emulator.views.attempts import given

COUNTED = {
    "creating": "creating", "idle": "idle", "offline": "offline", "preempted": "preempted", "rebooting": "rebooting",
    "reimaging": "reimaging", "running": "running", "starting": "starting", "startTaskFailed": "starttaskfailed",
    "leavingPool": "leavingpool", "unknown": "unknown", "unusable": "unusable", "upgradingOS": "upgradingos",
    "waitingForStartTask": "waitingforstarttask", "deallocated": "deallocated", "deallocating": "deallocating",
}  # fmt: skip


def _fixed(pool: Pool, value: object) -> object:
    return None if pool.spec.get("enableAutoScale") else value


PROPERTIES: Properties[Pool] = {
    "id": lambda pool, _: pool.id,
    "displayName": given("displayName"),
    "url": lambda pool, base: f"{base}/pools/{pool.id}",
    "eTag": lambda pool, _: pool.etag,
    "lastModified": lambda pool, _: pool.modified,
    "creationTime": lambda pool, _: pool.created,
    "state": lambda pool, _: pool.state,
    "stateTransitionTime": lambda pool, _: pool.state_since,
    "allocationState": lambda pool, _: pool.allocation,
    "allocationStateTransitionTime": lambda pool, _: pool.allocation_since,
    "vmSize": given("vmSize"),
    "virtualMachineConfiguration": lambda pool, _: without_secrets(pool.spec["virtualMachineConfiguration"]),
    "resizeTimeout": lambda pool, _: _fixed(pool, pool.spec.get("resizeTimeout", "PT15M")),
    "resizeErrors": lambda pool, _: (pool.allocation == "steady" and pool.resize_errors) or None,
    "currentDedicatedNodes": lambda pool, _: sum(node.dedicated for node in pool.nodes.values()),
    "currentLowPriorityNodes": lambda pool, _: sum(not node.dedicated for node in pool.nodes.values()),
    "targetDedicatedNodes": lambda pool, _: pool.target_dedicated,
    "targetLowPriorityNodes": lambda pool, _: pool.target_low_priority,
    "enableAutoScale": given("enableAutoScale", False),
    "autoScaleFormula": given("autoScaleFormula"),
    "autoScaleEvaluationInterval": given("autoScaleEvaluationInterval"),
    "autoScaleRun": lambda pool, _: pool.autoscale_run,
    "enableInterNodeCommunication": given("enableInterNodeCommunication", False),
    "networkConfiguration": given("networkConfiguration"),
    "startTask": given("startTask"),
    "taskSlotsPerNode": lambda pool, _: pool.slots,
    "taskSchedulingPolicy": given("taskSchedulingPolicy", {"nodeFillType": "spread"}),
    "userAccounts": given("userAccounts"),
    "metadata": given("metadata"),
    "mountConfiguration": lambda pool, _: [without_keys(each) for each in pool.mounts] or None,
    "identity": lambda pool, _: identity(pool),
    "upgradePolicy": given("upgradePolicy"),
    "stats": lambda _pool, _: None,
}


def identity(pool: Pool) -> Wire | None:
    """Write the identities of a pool as the data plane does: a list."""
    found = pool.spec.get("identity")
    if not found:
        return None
    return {"type": found["type"], "userAssignedIdentities": [identity_ids(each) for each in pool.identities]}


def identity_ids(resource_id: str) -> Wire:
    """Give an identity's ids, of which the emulator makes up two."""
    ids = {name: str(uuid5(NAMESPACE_URL, f"{name}:{resource_id.lower()}")) for name in ("clientId", "principalId")}
    return {"resourceId": resource_id, **ids}


def without_keys(mount: Wire) -> Wire:
    """Write what is mounted without the keys, which the service never shows."""
    return {
        kind: {name: value for name, value in each.items() if name not in ("accountKey", "sasKey")}
        for kind, each in mount.items()
    }


def without_secrets(machine: Wire) -> Wire:
    """Write a machine configuration without the passwords of its registries, which the service never shows."""
    containers = machine.get("containerConfiguration")
    registries = (containers or {}).get("containerRegistries")
    if not containers or not registries:
        return machine
    shown = [{name: value for name, value in each.items() if name != "password"} for each in registries]
    return machine | {"containerConfiguration": containers | {"containerRegistries": shown}}


def _counts(pool: Pool, *, dedicated: bool) -> dict[str, int]:
    states = [node.state for node in pool.nodes.values() if node.dedicated is dedicated]
    return {name: states.count(state) for name, state in COUNTED.items()} | {"total": len(states)}


NODE_COUNTS: Properties[Pool] = {
    "poolId": lambda pool, _: pool.id,
    "dedicated": lambda pool, _: _counts(pool, dedicated=True),
    "lowPriority": lambda pool, _: _counts(pool, dedicated=False),
}
