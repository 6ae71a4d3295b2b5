"""What runs on a node before tasks do: its start task, and the preparation task of each job."""

from datetime import datetime

from local.batch_emulator.lifecycle import enter_node, enter_task, resting
from local.batch_emulator.running import (
    judged,
    make_launch,
    may_repeat,
    overdue,
    record,
    release,
    repeat,
    start,
    start_task,
)
from local.batch_emulator.state import Attempt, Job, Node, Preparation, Running, Task
from local.batch_emulator.world import World


def begin_task(world: World, job: Job, task: Task, node: Node, now: datetime) -> None:
    """Give a task its slots on a node and start it there, once the job's preparation task has run."""
    task.node = node
    node.tasks[job.key, task.key] = task
    node.used_slots += task.slots
    if node.state == "idle":
        enter_node(node, "running", now)
    preparation = _preparation(world, job, node, now) if job.spec.get("jobPreparationTask") else None
    if preparation is None or preparation.ready:
        start_task(world, job, task, now)
        return
    preparation.waiting.append(task)
    enter_task(job, task, "preparing", now)
    world.account.touch(task, now)


def _preparation(world: World, job: Job, node: Node, now: datetime) -> Preparation:
    found = node.preparations.get(job.key)
    if found is None:
        body = job.spec["jobPreparationTask"]
        launch = make_launch(world, node, "jobpreparation", body, job, body.get("id", "jobpreparation"))
        attempt = Attempt()
        directory = world.execution.task_directory(launch)
        found = Preparation(job, node, start(world, launch, attempt, now), attempt, directory)
        node.preparations[job.key] = found
    return found


def _settle(world: World, running: Running, limit: int, now: datetime) -> Running | None:
    """Look at a run: give it back while it runs (or its repetition), None once it ended."""
    outcome = running.handle.poll() or overdue(world, running, now)
    if outcome is None:
        return running
    outcome = judged(outcome)
    if may_repeat(running.attempt, outcome.failure, limit):
        return repeat(world, running, now)
    record(running.attempt, outcome, now)
    return None


def watch(world: World, now: datetime) -> None:
    """Look at every start task and job preparation task."""
    for pool in list(world.account.pools.values()):
        for node in list(pool.nodes.values()):
            _watch_start_task(world, node, now)
            for preparation in list(node.preparations.values()):
                _watch_preparation(world, preparation, now)


def begin_start_task(world: World, node: Node, now: datetime) -> None:
    """Run the pool's start task on a node that booted; without one, or without waiting for it, the node is idle."""
    node.booted = now
    body = node.pool.spec.get("startTask")
    if body:
        node.start_attempt = Attempt()
        node.start_task = start(world, make_launch(world, node, "start", body), node.start_attempt, now)
    waits = body is not None and body.get("waitForSuccess", True)
    enter_node(node, "waitingforstarttask" if waits else resting(node), now)


def _watch_start_task(world: World, node: Node, now: datetime) -> None:
    if node.start_task is None:
        return
    limit = int(node.pool.spec["startTask"].get("maxTaskRetryCount", 0))
    node.start_task = _settle(world, node.start_task, limit, now)
    if node.start_task is None and node.state == "waitingforstarttask":
        assert node.start_attempt is not None
        enter_node(node, resting(node) if node.start_attempt.result == "success" else "starttaskfailed", now)


def _watch_preparation(world: World, preparation: Preparation, now: datetime) -> None:
    if preparation.running is None:
        return
    limits = preparation.job.spec["jobPreparationTask"].get("constraints") or {}
    limit = int(limits.get("maxTaskRetryCount", 0))
    preparation.running = _settle(world, preparation.running, limit, now)
    if preparation.running is None:
        _let_go(world, preparation, now)


def _let_go(world: World, preparation: Preparation, now: datetime) -> None:
    """Start the tasks that waited; after a failed preparation, they look for another node."""
    waiting, preparation.waiting = preparation.waiting, []
    for task in waiting:
        if preparation.ready:
            start_task(world, preparation.job, task, now)
            continue
        release(world, preparation.job, task, now)
        task.node = None
        enter_task(preparation.job, task, "active", now)
        world.account.touch(task, now)


def stop_preparations(job: Job, nodes: list[Node]) -> None:
    """End a job's preparation tasks and forget them."""
    for node in nodes:
        preparation = node.preparations.pop(job.key, None)
        if preparation and preparation.running:
            preparation.running.handle.stop()


def stop_node(node: Node) -> None:
    """End what runs on a node besides tasks, and take its mounts away."""
    runs = [node.start_task, *(each.running for each in node.preparations.values()), *node.releases.values()]
    for running in runs:
        if running:
            running.handle.stop()
    node.start_task = None
    node.preparations.clear()
    node.releases.clear()
    if node.machine is not None:
        node.machine.stop()
    node.machine, node.booting = None, False
