"""The operations of ARM on pools."""

import re
from urllib.parse import quote

from local.batch_emulator import scaling
from local.batch_emulator.allocation import resize
from local.batch_emulator.arm.shapes import to_batch
from local.batch_emulator.arm.views import shown, view
from local.batch_emulator.bodies import normal
from local.batch_emulator.bodies import pools as shapes
from local.batch_emulator.failures import BatchError
from local.batch_emulator.operations.pool_checks import check_size, check_sources
from local.batch_emulator.operations.pools import add_pool, begin_deletion
from local.batch_emulator.protocol.conditions import check as check_conditions
from local.batch_emulator.protocol.exchange import Answer, Call
from local.batch_emulator.protocol.shapes import choice, number, object_of, record, span, text, without_nulls
from local.batch_emulator.state import Pool, Wire
from local.batch_emulator.world import World, refuse_unless

_IDENTITY_ID = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.managedidentity/userassignedidentities/[^/]+",
    re.IGNORECASE,
)
_FIXED = record(
    {},
    {
        "resizeTimeout": span(),
        "targetDedicatedNodes": number(0),
        "targetLowPriorityNodes": number(0),
        "nodeDeallocationOption": choice("Requeue", "Terminate", "TaskCompletion", "RetainedData"),
    },
)
_SCALE = record(
    {}, {"fixedScale": _FIXED, "autoScale": record({"formula": text(least=1)}, {"evaluationInterval": span()})}
)
_BODY = record(
    {},
    {
        **dict.fromkeys(("id", "name", "type", "etag"), text()),
        "properties": object_of,
        "identity": record({"type": choice("UserAssigned", "None")}, {"userAssignedIdentities": object_of}),
        "tags": object_of,
        "systemData": object_of,
    },
)
_MACHINE = ("vmSize", "virtualMachineConfiguration", "taskSlotsPerNode", "taskSchedulingPolicy", "userAccounts")


def arm_create_pool(world: World, call: Call) -> Answer:
    """PUT: create a pool; with If-None-Match: * nothing else, otherwise set all of an existing one."""
    body = _read(call)
    found = world.account.pools.get(call.ids["poolName"].lower())
    if found is not None:
        check_conditions(call.headers, found.etag, found.modified, reading=False)
        return _change(world, call, found, body)
    refuse_unless("If-Match" not in call.headers, "ConditionNotMet")
    spec = _spec(call, body)
    shapes.POOL("", {name: value for name, value in spec.items() if name != "identity"})
    return shown(call, add_pool(world, normal(spec), call.now))


def arm_update_pool(world: World, call: Call) -> Answer:
    """PATCH: set what the body names of a pool."""
    pool = world.account.pool(call.ids["poolName"])
    check_conditions(call.headers, pool.etag, pool.modified, reading=False)
    return _change(world, call, pool, _read(call))


def arm_get_pool(world: World, call: Call) -> Answer:
    """Get one pool."""
    pool = world.account.pool(call.ids["poolName"])
    check_conditions(call.headers, pool.etag, pool.modified, reading=True)
    return shown(call, pool)


def arm_list_pools(world: World, call: Call) -> Answer:
    """List all pools, on one page."""
    return Answer(200, {"value": [view(call, pool) for pool in world.account.pools.values()]})


def arm_delete_pool(world: World, call: Call) -> Answer:
    """Start to delete a pool; the Location tells when it is gone."""
    pool = world.account.pools.get(call.ids["poolName"].lower())
    if pool is None:
        return Answer(204)
    if pool.state == "active":
        begin_deletion(world, pool, call.now)
    account = call.path.rsplit("/pools/", 1)[0]
    location = call.url(f"{account}/poolOperationResults/delete-{quote(pool.id)}-{pool.number}")
    version = quote(call.query.get("api-version", ""))
    return Answer(202, headers={"Location": f"{location}?api-version={version}", "Retry-After": "1"})


def arm_pool_result(world: World, call: Call) -> Answer:
    """Tell whether a deletion is through: 202 until then, then 200."""
    _, _, rest = call.ids["operation"].partition("-")
    name, _, made = rest.rpartition("-")
    pool = world.account.pools.get(name.lower())
    if pool is not None and str(pool.number) == made:
        return Answer(202, headers={"Location": call.url() + f"?api-version={call.query['api-version']}"})
    return Answer(200)


def _read(call: Call) -> Wire:
    body = call.json()
    _BODY("", body)
    found: Wire = without_nulls(body)
    _SCALE("properties.scaleSettings", found.get("properties", {}).get("scaleSettings", {}))
    for each in (found.get("identity") or {}).get("userAssignedIdentities", {}):
        if not _IDENTITY_ID.fullmatch(each):
            raise BatchError("LinkedInvalidPropertyId", f"{each!r} is not the id of a user-assigned identity.", 400)
    return found


def _spec(call: Call, body: Wire) -> Wire:
    """Give the data plane's body for ARM's, with identity and scale settings."""
    properties = body.get("properties", {})
    spec = to_batch(properties) | {"id": call.ids["poolName"]}
    if "tags" in body:
        spec["resourceTags"] = body["tags"]
    if (body.get("identity") or {}).get("type", "None").lower() == "userassigned":
        ids = body["identity"].get("userAssignedIdentities") or {}
        spec["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {each: {} for each in ids}}
    return spec | _scale(properties.get("scaleSettings", {}))


def _scale(given: Wire) -> Wire:
    if "autoScale" in given and "fixedScale" in given:
        raise BatchError("InvalidAutoScalingSettings", Reason="Give either autoScale or fixedScale.")
    if "autoScale" in given:
        interval = given["autoScale"].get("evaluationInterval")
        found = {"enableAutoScale": True, "autoScaleFormula": given["autoScale"]["formula"]}
        return found if interval is None else found | {"autoScaleEvaluationInterval": interval}
    names = ("resizeTimeout", "targetDedicatedNodes", "targetLowPriorityNodes")
    return {name: given["fixedScale"][name] for name in names if name in given.get("fixedScale", {})}


def _change(world: World, call: Call, pool: Pool, body: Wire) -> Answer:
    refuse_unless(pool.state == "active", "PoolBeingDeleted")
    changes = {name: value for name, value in normal(_spec(call, body)).items() if name != "id"}
    scale = {name: changes.pop(name) for name in _SCALE_NAMES if name in changes}
    shapes.POOL_UPDATE("", {name: value for name, value in changes.items() if name != "identity"})
    if pool.nodes and any(changes.get(name, pool.spec.get(name)) != pool.spec.get(name) for name in _MACHINE):
        raise BatchError("OperationInvalidForCurrentState", "Only a pool without nodes can change these properties.")
    whole = {name: value for name, value in pool.spec.items() if name not in _SCALE_NAMES} | changes
    check_size(whole | scale)
    check_sources(whole)
    pool.spec.update(changes)
    if (body.get("identity") or {}).get("type", "").lower() == "none":
        pool.spec.pop("identity", None)
    _rescale(world, call, pool, scale, body.get("properties", {}).get("scaleSettings", {}))
    world.account.touch(pool, call.now)
    return shown(call, pool)


_SCALE_NAMES = ("enableAutoScale", "autoScaleFormula", "autoScaleEvaluationInterval", "resizeTimeout",
                "targetDedicatedNodes", "targetLowPriorityNodes")  # fmt: skip


def _rescale(world: World, call: Call, pool: Pool, scale: Wire, given: Wire) -> None:
    """Give a pool another formula or other targets, as far as they differ from what it has."""
    if scale.get("enableAutoScale"):
        if any(pool.spec.get(name) != value for name, value in scale.items()):
            pool.spec.setdefault("autoScaleEvaluationInterval", scaling.DEFAULT_INTERVAL)
            pool.spec.update(scale)
            scaling.switch_on(world, pool, call.now)
        return
    if "fixedScale" not in given:
        return
    if pool.spec["enableAutoScale"]:
        pool.spec["enableAutoScale"] = False
        for name in ("autoScaleFormula", "autoScaleEvaluationInterval"):
            pool.spec.pop(name, None)
        scaling.switch_off(pool)
    refuse_unless(pool.allocation == "steady", "PoolBeingResized")
    pool.spec["resizeTimeout"] = scale.get("resizeTimeout", "PT15M")
    targets = (scale.get("targetDedicatedNodes", 0), scale.get("targetLowPriorityNodes", 0))
    resize(world, pool, *targets, given["fixedScale"].get("nodeDeallocationOption", "requeue"), call.now)
