"""How a pool reads in Azure Resource Manager."""

from typing import Any

from local.batch_emulator.arm.shapes import to_arm
from local.batch_emulator.protocol.exchange import Answer, Call
from local.batch_emulator.protocol.pages import wire
from local.batch_emulator.state import Pool, Wire
from local.batch_emulator.views.pools import identity_ids, without_keys, without_secrets


def shown(call: Call, pool: Pool) -> Answer:
    """Answer with one pool and its ETag."""
    return Answer(200, view(call, pool), {"ETag": f'"{pool.etag}"'})


def view(call: Call, pool: Pool) -> Wire:
    """Write one pool; the call's path tells subscription and resource group."""
    account = call.path.rsplit("/pools", 1)[0]
    found: dict[str, Any] = {
        "id": f"{account}/pools/{pool.id}",
        "name": pool.id,
        "type": "Microsoft.Batch/batchAccounts/pools",
        "etag": f'W/"{pool.etag}"',
        "properties": wire(_properties(pool)),
        "tags": pool.spec.get("resourceTags"),
        "identity": _identity(pool),
    }
    return {name: value for name, value in found.items() if value is not None}


def _identity(pool: Pool) -> Wire | None:
    if "identity" not in pool.spec:
        return None
    ids = {each: {name: value for name, value in identity_ids(each).items() if name != "resourceId"}
           for each in pool.identities}  # fmt: skip
    return {"type": "UserAssigned", "userAssignedIdentities": ids}


def _properties(pool: Pool) -> Wire:
    machine = without_secrets(pool.spec["virtualMachineConfiguration"])
    shown = pool.spec | {"virtualMachineConfiguration": machine, "taskSlotsPerNode": pool.slots}
    if pool.mounts:
        shown["mountConfiguration"] = [without_keys(each) for each in pool.mounts]
    return to_arm(shown) | {
        "lastModified": pool.modified,
        "creationTime": pool.created,
        "provisioningState": "Succeeded" if pool.state == "active" else "Deleting",
        "provisioningStateTransitionTime": pool.state_since,
        "allocationState": pool.allocation.capitalize(),
        "allocationStateTransitionTime": pool.allocation_since,
        "currentDedicatedNodes": sum(node.dedicated for node in pool.nodes.values()),
        "currentLowPriorityNodes": sum(not node.dedicated for node in pool.nodes.values()),
        "scaleSettings": _scale_settings(pool),
        "autoScaleRun": _scale_run(pool),
        "resizeOperationStatus": _resize_status(pool),
    }


def _scale_settings(pool: Pool) -> Wire:
    if pool.spec["enableAutoScale"]:
        interval = pool.spec.get("autoScaleEvaluationInterval")
        return {"autoScale": {"formula": pool.spec["autoScaleFormula"], "evaluationInterval": interval}}
    return {
        "fixedScale": {
            "resizeTimeout": pool.spec.get("resizeTimeout", "PT15M"),
            "targetDedicatedNodes": pool.target_dedicated,
            "targetLowPriorityNodes": pool.target_low_priority,
        }
    }


def _scale_run(pool: Pool) -> Wire | None:
    run = pool.autoscale_run
    if run is None:
        return None
    error = run.get("error")
    shown = {name: error[name] for name in ("code", "message")} if error else None
    return {"evaluationTime": run["timestamp"], "results": run.get("results"), "error": shown}


def _resize_status(pool: Pool) -> Wire | None:
    if pool.allocation == "steady" and not pool.resize_errors:
        return None
    return {
        "targetDedicatedNodes": pool.target_dedicated,
        "targetLowPriorityNodes": pool.target_low_priority,
        "resizeTimeout": pool.spec.get("resizeTimeout", "PT15M"),
        "startTime": pool.allocation_since,
        "errors": [{"code": each["code"], "message": each["message"]} for each in pool.resize_errors] or None,
    }
