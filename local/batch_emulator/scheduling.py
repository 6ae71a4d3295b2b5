"""Which active task runs on which node: by job priority, by slots, spread or packed."""

from datetime import datetime

from local.batch_emulator.lifecycle import WORKING
from local.batch_emulator.preparing import begin_task
from local.batch_emulator.state import Job, Node, Pool, Task
from local.batch_emulator.world import World


def assign(world: World, now: datetime) -> None:
    """Start as many active tasks as there are free slots; the work is proportional to the slots, not to the tasks."""
    waiting = [job for job in world.account.jobs.values() if job.state == "active" and any(job.queues.values())]
    if not waiting or world.faults.stalled:
        return
    waiting.sort(key=lambda job: (-int(job.spec.get("priority", 0)), job.number))
    for pool in world.account.pools.values():
        if pool.state == "active":
            _fill(world, pool, [job for job in waiting if job.pool_key == pool.key], now)


def _fill(world: World, pool: Pool, jobs: list[Job], now: datetime) -> None:
    nodes = [node for node in pool.nodes.values() if node.state in WORKING and node.scheduling]
    for job in jobs:
        while (found := _next(pool, job, nodes)) is not None:
            begin_task(world, job, found[0], found[1], now)


def _next(pool: Pool, job: Job, nodes: list[Node]) -> tuple[Task, Node] | None:
    """Give the next task of the job and the node for it, or None when nothing of it fits."""
    limit = int(job.spec.get("maxParallelTasks", -1))
    if job.state != "active" or (limit > 0 and len(job.held) >= limit):
        return None
    heads = sorted((next(iter(queue.values())) for queue in job.queues.values() if queue), key=lambda task: task.number)
    for task in heads:
        node = _choose(pool, job, task, nodes)
        if node is not None:
            return task, node
    return None


def _choose(pool: Pool, job: Job, task: Task, nodes: list[Node]) -> Node | None:
    """Give the emptiest node that holds the task, or with `pack` the fullest."""
    fits = [node for node in nodes if pool.slots - node.used_slots >= task.slots and not _closed(node, job)]
    if not fits:
        return None
    policy = pool.spec.get("taskSchedulingPolicy") or {}
    packed = str(policy.get("nodeFillType", "spread")).lower() == "pack"
    return (max if packed else min)(fits, key=lambda node: node.used_slots)


def _closed(node: Node, job: Job) -> bool:
    preparation = node.preparations.get(job.key)
    return node.state not in WORKING or (preparation is not None and preparation.spoilt)
