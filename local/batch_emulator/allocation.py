"""Nodes come and go: what a pool wants against what the quota allows, boots, departures, preemptions."""

from datetime import datetime, timedelta

from local.batch_emulator import booting
from local.batch_emulator.faults import TIMED_OUT
from local.batch_emulator.lifecycle import enter_node, resting
from local.batch_emulator.preparing import stop_node
from local.batch_emulator.protocol.moments import parse_span
from local.batch_emulator.running import end_task, ended_by, requeue, stop_runs
from local.batch_emulator.state import Node, Pool, Wire
from local.batch_emulator.world import World, cores, cores_used


def resize(world: World, pool: Pool, dedicated: int, low_priority: int, option: str, now: datetime) -> None:
    """Give a pool new targets; nodes follow as the service goes on."""
    pool.target_dedicated, pool.target_low_priority = dedicated, low_priority
    pool.deallocation, pool.resize_errors = option.lower(), []
    pool.resize_due = now + parse_span(pool.spec.get("resizeTimeout", "PT15M"))
    _enter(pool, "resizing", now)
    world.account.touch(pool, now)


def _enter(pool: Pool, allocation: str, now: datetime) -> None:
    if pool.allocation != allocation:
        pool.allocation, pool.allocation_since = allocation, now


def staying(pool: Pool, *, dedicated: bool) -> list[Node]:
    """Give the nodes of one kind that are not leaving."""
    return [node for node in pool.nodes.values() if node.dedicated is dedicated and node.state != "leavingpool"]


def advance(world: World, now: datetime) -> None:
    """Move nodes and pools on: whatever is due now."""
    for pool in list(world.account.pools.values()):
        for node in list(pool.nodes.values()):
            _advance_node(world, node, now)
        if pool.allocation != "steady":
            _advance_pool(world, pool, now)


def _advance_node(world: World, node: Node, now: datetime) -> None:
    half = timedelta(seconds=world.settings.boot_seconds / 2)
    if node.state == "leavingpool" and node.waits_for_tasks and not node.tasks:
        leave(world, node, "requeue", now)
    _note(world, node, booting.advance(world, node, now), now)
    while node.due is not None and now >= node.due:
        due, node.due = node.due, None
        if node.state == "leavingpool":
            remove(world, node)
        elif node.state == "starting":
            _note(world, node, booting.begin(world, node, due), due)
        else:
            enter_node(node, "creating" if node.state == "preempted" else "starting", due, due + half)


def _note(world: World, node: Node, error: Wire | None, now: datetime) -> None:
    if error is not None:
        spoil(world, node, error, now)


def _advance_pool(world: World, pool: Pool, now: datetime) -> None:
    if pool.allocation == "resizing":
        errors = _reconcile(world, pool, dedicated=True, now=now) + _reconcile(world, pool, dedicated=False, now=now)
    else:
        errors = [{"code": "ResizeStopped", "message": "The resize was stopped by a user's request"}]
    moving = [node for node in pool.nodes.values() if node.state in ("creating", "leavingpool")]
    late = pool.resize_due is not None and now >= pool.resize_due
    stalled = pool.allocation == "resizing" and any(_stalled(world, pool, now, dedicated=d) for d in (True, False))
    if late and (moving or stalled):
        errors.append({"code": "AllocationTimedout", "message": "The resize did not end within its resizeTimeout"})
        _keep(moving, now)
    if pool.state == "active" and (late or not (moving or stalled) or pool.allocation == "stopping"):
        pool.resize_errors, pool.resize_due = errors, None
        _enter(pool, "steady", now)
        world.account.touch(pool, now)


def _keep(nodes: list[Node], now: datetime) -> None:
    """Nodes that still wait for their tasks stay when the resize ends without them."""
    for node in nodes:
        if node.state == "leavingpool" and node.waits_for_tasks:
            node.waits_for_tasks = False
            enter_node(node, "running" if node.tasks else resting(node), now)


def _reconcile(world: World, pool: Pool, *, dedicated: bool, now: datetime) -> list[dict[str, str]]:
    """Add or release nodes of one kind; give the resize errors that this meets."""
    target = pool.target_dedicated if dedicated else pool.target_low_priority
    nodes = staying(pool, dedicated=dedicated)
    for node in _surplus(nodes, len(nodes) - target):
        leave(world, node, pool.deallocation, now)
    wanted = max(0, target - len(nodes))
    refused = world.faults.allocation(pool.id, now, dedicated=dedicated) if wanted else None
    if refused is not None:
        error = {"code": refused, "message": f"The allocation of {wanted} nodes failed"}
        return [] if refused == TIMED_OUT else [error]
    allowed = min(wanted, _room(world, pool, dedicated=dedicated)) if wanted else 0
    for _ in range(allowed):
        _add(world, pool, dedicated=dedicated, now=now)
    if allowed == wanted:
        return []
    kind = "dedicated" if dedicated else "low-priority"
    return [{"code": "AccountCoreQuotaReached", "message": f"The account's quota of {kind} cores is reached"}]


def _stalled(world: World, pool: Pool, now: datetime, *, dedicated: bool) -> bool:
    """Whether nodes that are wanted do not come, and nobody says so before the resizeTimeout."""
    target = pool.target_dedicated if dedicated else pool.target_low_priority
    waits = len(staying(pool, dedicated=dedicated)) < target
    return waits and world.faults.allocation(pool.id, now, dedicated=dedicated) == TIMED_OUT


def _surplus(nodes: list[Node], count: int) -> list[Node]:
    """Give the nodes to release: those with the least work, the newest first."""
    return sorted(nodes, key=lambda node: (node.used_slots, -node.number))[: max(0, count)]


def _room(world: World, pool: Pool, *, dedicated: bool) -> int:
    quota = world.quota.dedicated if dedicated else world.quota.low_priority
    free = quota - cores_used(world.account.pools, dedicated=dedicated)
    return max(0, free // cores(pool.spec["vmSize"]))


def _add(world: World, pool: Pool, *, dedicated: bool, now: datetime) -> None:
    pool.nodes_made += 1
    kind = "d" if dedicated else "p"
    node_id = f"tvmps_{pool.number:08x}{pool.nodes_made:08x}_{kind}"
    root = world.settings.data / "nodes" / f"{pool.id}-{pool.number}" / node_id
    root.mkdir(parents=True, exist_ok=True)
    due = now + timedelta(seconds=world.settings.boot_seconds / 2)
    pool.nodes[node_id] = Node(
        node_id, pool.nodes_made, pool, dedicated, root, "creating", state_since=now, allocated=now, due=due
    )


def leave(world: World, node: Node, option: str, now: datetime) -> None:
    """Let a node leave its pool; `option` says what becomes of its tasks."""
    node.waits_for_tasks = option in ("taskcompletion", "retaineddata") and bool(node.tasks)
    if node.state != "leavingpool":
        enter_node(node, "leavingpool", now)
    if node.waits_for_tasks:
        return
    _clear(world, node, option, now)
    node.due = now + timedelta(seconds=world.settings.delete_seconds)


def unload(world: World, node: Node, option: str, now: datetime) -> None:
    """Take all tasks off a node: end them, or queue them again; with `lost`, as if nobody had asked for it."""
    stop_runs(node.tasks.values())
    for (job_key, _), task in list(node.tasks.items()):
        job = world.account.jobs[job_key]
        if option == "terminate":
            outcome = ended_by("The task was ended because its node left the pool", ran=task.state == "running")
            end_task(world, job, task, outcome, now)
        else:
            requeue(world, job, task, now, asked=option != "lost")


def _clear(world: World, node: Node, option: str, now: datetime) -> None:
    """Take all tasks off a node and stop whatever else runs there."""
    unload(world, node, option, now)
    stop_node(node)


def remove(world: World, node: Node) -> None:
    """Take a node out of its pool, with its files."""
    del node.pool.nodes[node.id.lower()]
    world.trash.discard(node.root)


def lose(world: World, node: Node, now: datetime) -> None:
    """The node goes, with its disk; its tasks are run again, which no count shows."""
    _clear(world, node, "lost", now)
    world.trash.discard(node.root)
    node.root.mkdir(parents=True, exist_ok=True)


def preempt(world: World, node: Node, now: datetime, back_after: float | None = None) -> None:
    """Take a Spot node away; with `back_after` seconds it comes back under the same id."""
    lose(world, node, now)
    due = None if back_after is None else now + timedelta(seconds=back_after)
    enter_node(node, "preempted", now, due)
    node.booted = None


def spoil(world: World, node: Node, error: Wire | None, now: datetime, back_after: float | None = None) -> None:
    """Make a node unusable, for a known cause or for none; with `back_after` seconds the service recovers it."""
    _clear(world, node, "lost", now)
    node.errors = [error] if error else []
    due = None if back_after is None else now + timedelta(seconds=back_after)
    enter_node(node, "unusable", now, due)


def restart(world: World, node: Node, state: str, option: str, now: datetime) -> None:
    """Reboot or reimage a node."""
    _clear(world, node, option, now)
    node.errors = []
    enter_node(node, state, now, now + timedelta(seconds=world.settings.boot_seconds / 2))


def release_all(world: World, pool: Pool, now: datetime) -> None:
    """Let every node of a pool that is being deleted leave; running tasks go back to their queues."""
    resize(world, pool, 0, 0, "requeue", now)
    stop_runs(task for node in pool.nodes.values() for task in node.tasks.values())
    for node in list(pool.nodes.values()):
        leave(world, node, "requeue", now)
