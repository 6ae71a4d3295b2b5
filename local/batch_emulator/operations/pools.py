"""Pools."""

from datetime import datetime, timedelta

from local.batch_emulator import scaling
from local.batch_emulator.account import after
from local.batch_emulator.allocation import leave, release_all, resize
from local.batch_emulator.bodies import pools as shapes
from local.batch_emulator.bodies import read, read_if_any
from local.batch_emulator.failures import BatchError, missing
from local.batch_emulator.lifecycle import enter_pool
from local.batch_emulator.operations.pool_checks import check_nodes, check_size, check_sources
from local.batch_emulator.protocol.exchange import Answer, Call, tags
from local.batch_emulator.protocol.pages import listed, one
from local.batch_emulator.protocol.shapes import unbuilt
from local.batch_emulator.state import Pool, Wire
from local.batch_emulator.views.pools import NODE_COUNTS, PROPERTIES
from local.batch_emulator.world import World, refuse_unless

ENABLE_EVERY = timedelta(seconds=30)


def _find(world: World, call: Call) -> Pool:
    return world.account.pool(call.ids["poolId"])


def _live(world: World, call: Call) -> Pool:
    """Find a pool that may be changed, with the call's conditions checked."""
    pool = _find(world, call)
    call.require(pool.etag, pool.modified)
    refuse_unless(pool.state == "active", "PoolBeingDeleted")
    return pool


def _answer(world: World, call: Call, pool: Pool, status: int) -> Answer:
    world.account.touch(pool, call.now)
    return Answer(status, headers=tags(pool.etag, pool.modified) | {"DataServiceId": call.url(f"/pools/{pool.id}")})


def create_pool(world: World, call: Call) -> Answer:
    """Create a pool, with fixed targets or with a formula that is evaluated at once."""
    pool = add_pool(world, read(call, shapes.POOL), call.now)
    return _answer(world, call, pool, 201)


def add_pool(world: World, spec: Wire, now: datetime) -> Pool:
    """Put a pool with this body, whose shape was checked, into the account; raise BatchError where it cannot be."""
    check_size(spec)
    check_sources(spec)
    refuse_unless(spec["id"].lower() not in world.account.pools, "PoolExists")
    refuse_unless(len(world.account.pools) < world.quota.pools, "PoolQuotaReached")
    pool = Pool(spec["id"], world.account.next_number(), spec, now, world.account.new_etag(), now)
    pool.spec.setdefault("enableAutoScale", False)
    world.account.pools[pool.key] = pool
    if spec["enableAutoScale"]:
        spec.setdefault("autoScaleEvaluationInterval", scaling.DEFAULT_INTERVAL)
        scaling.switch_on(world, pool, now)
        pool.autoscale_enabled = None
    elif spec.get("targetDedicatedNodes") or spec.get("targetLowPriorityNodes"):
        resize(world, pool, *_targets(spec), "requeue", now)
    return pool


def _targets(spec: Wire) -> tuple[int, int]:
    return spec.pop("targetDedicatedNodes", 0), spec.pop("targetLowPriorityNodes", 0)


def list_pools(world: World, call: Call) -> Answer:
    """List pools."""
    return listed(call, "pools", after(lambda: list(world.account.pools.values())), PROPERTIES)


def get_pool(world: World, call: Call) -> Answer:
    """Get one pool."""
    pool = _find(world, call)
    return one(call, "pools", pool, PROPERTIES, pool.etag, pool.modified)


def pool_exists(world: World, call: Call) -> Answer:
    """Tell by the status alone whether a pool exists."""
    pool = _find(world, call)
    call.require(pool.etag, pool.modified, reading=True)
    return Answer(200, headers=tags(pool.etag, pool.modified))


def update_pool(world: World, call: Call) -> Answer:
    """Change some properties of a pool."""
    pool = _live(world, call)
    body = read(call, shapes.POOL_UPDATE)
    machine = ("vmSize", "virtualMachineConfiguration", "taskSlotsPerNode", "taskSchedulingPolicy", "userAccounts")
    if pool.nodes and any(name in body for name in machine):
        raise BatchError("OperationInvalidForCurrentState", "Only a pool without nodes can change these properties.")
    check_sources(pool.spec | body)
    pool.spec.update(body)
    return _answer(world, call, pool, 200)


def replace_pool_properties(world: World, call: Call) -> Answer:
    """Set start task and metadata of a pool; what the body leaves out is removed."""
    pool = _live(world, call)
    raw = call.json()
    raw.setdefault("metadata", [])
    unbuilt("applicationPackageReferences", raw.get("applicationPackageReferences"))
    body = read(call, shapes.POOL_REPLACE)
    for name in ("startTask", "metadata"):
        pool.spec.pop(name, None)
    pool.spec.update({name: body[name] for name in ("startTask", "metadata") if name in body})
    return _answer(world, call, pool, 204)


def delete_pool(world: World, call: Call) -> Answer:
    """Start to delete a pool: its nodes leave, then it is gone."""
    begin_deletion(world, _live(world, call), call.now)
    return Answer(202)


def begin_deletion(world: World, pool: Pool, now: datetime) -> None:
    """Let a pool's nodes leave, and then the pool."""
    enter_pool(pool, "deleting", now)
    release_all(world, pool, now)
    pool.delete_due = now + timedelta(seconds=world.settings.delete_seconds)


def enable_pool_auto_scale(world: World, call: Call) -> Answer:
    """Switch autoscale on, or give it another formula or interval."""
    pool = _live(world, call)
    body = read_if_any(call, shapes.AUTOSCALE_ENABLE)
    _check_enabling(pool, body, call)
    before = pool.spec.get("autoScaleEvaluationInterval")
    pool.spec.setdefault("autoScaleEvaluationInterval", scaling.DEFAULT_INTERVAL)
    pool.spec.update(body, enableAutoScale=True)
    if "autoScaleFormula" in body:
        scaling.switch_on(world, pool, call.now)
    elif pool.spec["autoScaleEvaluationInterval"] != before:
        scaling.restart_interval(pool, call.now)
    pool.autoscale_enabled = call.now
    return _answer(world, call, pool, 200)


def _check_enabling(pool: Pool, body: Wire, call: Call) -> None:
    last = pool.autoscale_enabled
    refuse_unless(last is None or call.now - last >= ENABLE_EVERY, "TooManyEnableAutoScaleRequests")
    if not body:
        raise BatchError("InvalidAutoScalingSettings", Reason="Give a formula, an interval or both.")
    if not pool.spec["enableAutoScale"]:
        refuse_unless(pool.allocation == "steady", "PoolBeingResized")
        if "autoScaleFormula" not in body:
            raise missing("autoScaleFormula")
    if "autoScaleFormula" in body:
        scaling.accept(body["autoScaleFormula"])


def disable_pool_auto_scale(world: World, call: Call) -> Answer:
    """Switch autoscale off; the pool keeps its size."""
    pool = _live(world, call)
    pool.spec["enableAutoScale"] = False
    for name in ("autoScaleFormula", "autoScaleEvaluationInterval"):
        pool.spec.pop(name, None)
    scaling.switch_off(pool)
    return _answer(world, call, pool, 200)


def evaluate_pool_auto_scale(world: World, call: Call) -> Answer:
    """Evaluate a formula for a pool whose autoscale is on, without acting on it."""
    pool = _find(world, call)
    body = read(call, shapes.AUTOSCALE_TRIAL)
    if not pool.spec["enableAutoScale"]:
        raise BatchError("OperationInvalidForCurrentState", "Automatic scaling is not enabled on the pool.")
    scaling.accept(body["autoScaleFormula"])
    _, run = scaling.trial(world, pool, body["autoScaleFormula"], call.now)
    return Answer(200, run, tags(pool.etag, pool.modified) | {"DataServiceId": call.url()})


def _resizable(world: World, call: Call) -> Pool:
    pool = _live(world, call)
    if pool.spec["enableAutoScale"]:
        raise BatchError("OperationInvalidForCurrentState", "A pool with automatic scaling cannot be resized by hand.")
    refuse_unless(pool.allocation == "steady", "PoolBeingResized")
    return pool


def resize_pool(world: World, call: Call) -> Answer:
    """Give a pool without autoscale another number of nodes."""
    pool = _resizable(world, call)
    body = read(call, shapes.RESIZE)
    if "targetDedicatedNodes" not in body and "targetLowPriorityNodes" not in body:
        raise missing("targetDedicatedNodes")
    check_nodes(pool.spec, body)
    pool.spec["resizeTimeout"] = body.get("resizeTimeout", "PT15M")
    dedicated = body.get("targetDedicatedNodes", pool.target_dedicated)
    low_priority = body.get("targetLowPriorityNodes", pool.target_low_priority)
    resize(world, pool, dedicated, low_priority, body.get("nodeDeallocationOption", "requeue"), call.now)
    return _answer(world, call, pool, 202)


def stop_pool_resize(world: World, call: Call) -> Answer:
    """Stop a resize where it stands."""
    pool = _live(world, call)
    if pool.allocation == "steady":
        raise BatchError("OperationInvalidForCurrentState", "The pool is not being resized.")
    pool.allocation, pool.allocation_since = "stopping", call.now
    return _answer(world, call, pool, 202)


def remove_nodes(world: World, call: Call) -> Answer:
    """Take named nodes out of a pool, and lower its targets by as many."""
    pool = _resizable(world, call)
    body = read(call, shapes.REMOVE_NODES)
    nodes = [world.account.node(pool.id, node_id) for node_id in body["nodeList"]]
    gone = sum(node.dedicated for node in nodes)
    option = body.get("nodeDeallocationOption", "requeue")
    pool.spec["resizeTimeout"] = body.get("resizeTimeout", "PT15M")
    resize(world, pool, pool.target_dedicated, pool.target_low_priority, option, call.now)
    pool.target_dedicated = max(0, pool.target_dedicated - gone)
    pool.target_low_priority = max(0, pool.target_low_priority - (len(nodes) - gone))
    for node in nodes:
        leave(world, node, option.lower(), call.now)
    return _answer(world, call, pool, 202)


def list_pool_node_counts(world: World, call: Call) -> Answer:
    """List how many nodes each pool has in each state."""
    pools = after(lambda: list(world.account.pools.values()))
    return listed(call, "nodecounts", pools, NODE_COUNTS, ("poolId",))
