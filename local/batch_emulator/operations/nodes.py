"""Nodes."""

from local.batch_emulator.account import after
from local.batch_emulator.allocation import restart, unload
from local.batch_emulator.bodies import pools as shapes
from local.batch_emulator.bodies import read_if_any
from local.batch_emulator.failures import BatchError, not_built
from local.batch_emulator.lifecycle import NODE_MOVES, WORKING, enter_node
from local.batch_emulator.protocol.exchange import Answer, Call
from local.batch_emulator.protocol.pages import listed, one
from local.batch_emulator.state import Node
from local.batch_emulator.views.nodes import PROPERTIES
from local.batch_emulator.world import World, refuse_unless

FILTERABLE = ("id", "state", "stateTransitionTime", "lastBootTime", "allocationTime", "startTaskInfo")


def find(world: World, call: Call) -> Node:
    """Find the call's node; raise PoolNotFound or NodeNotFound."""
    return world.account.node(call.ids["poolId"], call.ids["nodeId"])


def list_nodes(world: World, call: Call) -> Answer:
    """List the nodes of a pool."""
    pool = world.account.pool(call.ids["poolId"])
    return listed(call, "nodes", after(lambda: list(pool.nodes.values())), PROPERTIES, FILTERABLE)


def get_node(world: World, call: Call) -> Answer:
    """Get one node."""
    node = find(world, call)
    answer = one(call, "nodes", node, PROPERTIES, node.id, node.state_since)
    return Answer(200, answer.body)


def _restart(world: World, call: Call, state: str, option: str) -> Answer:
    node = find(world, call)
    refuse_unless(state in NODE_MOVES[node.state], "OperationInvalidForCurrentState", f"The node is {node.state}.")
    if option in ("taskcompletion", "retaineddata") and node.tasks:
        raise not_built(f"waiting for tasks before a node is {state}")
    restart(world, node, state, option, call.now)
    return Answer(202, headers={"DataServiceId": call.url()})


def reboot_node(world: World, call: Call) -> Answer:
    """Reboot a node; its start task runs again."""
    body = read_if_any(call, shapes.NODE_REBOOT)
    return _restart(world, call, "rebooting", body.get("nodeRebootOption", "requeue").lower())


def reimage_node(world: World, call: Call) -> Answer:
    """Give a node that is idle or running a new disk: start task and preparations run again."""
    body = read_if_any(call, shapes.NODE_REIMAGE)
    found = find(world, call)
    refuse_unless(found.state in WORKING, "OperationInvalidForCurrentState", f"The node is {found.state}.")
    answer = _restart(world, call, "reimaging", body.get("nodeReimageOption", "requeue").lower())
    world.trash.discard(found.root)
    found.root.mkdir(parents=True, exist_ok=True)
    return answer


def _schedulable(world: World, call: Call) -> Node:
    node = find(world, call)
    refuse_unless(node.state != "unusable", "NodeStateUnusable")
    if node.state not in WORKING | {"offline"}:
        raise BatchError("OperationInvalidForCurrentState", f"The node is {node.state}.")
    return node


def disable_node_scheduling(world: World, call: Call) -> Answer:
    """Give a node no more tasks; those it has are requeued, ended or left to complete."""
    node = _schedulable(world, call)
    body = read_if_any(call, shapes.NODE_DISABLE)
    refuse_unless(node.scheduling, "NodeAlreadyInTargetSchedulingState")
    node.scheduling = False
    option = body.get("nodeDisableSchedulingOption", "requeue").lower()
    if option != "taskcompletion":
        unload(world, node, option, call.now)
    if node.state == "idle":
        enter_node(node, "offline", call.now)
    return Answer(200, headers={"DataServiceId": call.url()})


def enable_node_scheduling(world: World, call: Call) -> Answer:
    """Give a node tasks again."""
    node = _schedulable(world, call)
    refuse_unless(not node.scheduling, "NodeAlreadyInTargetSchedulingState")
    node.scheduling = True
    if node.state == "offline":
        enter_node(node, "idle", call.now)
    return Answer(200, headers={"DataServiceId": call.url()})
