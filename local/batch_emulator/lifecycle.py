"""Which states follow which, and what changes with them. Pure: no clock, no files, no processes."""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime

from local.batch_emulator.state import Attempt, Job, Node, Pool, Resource, Task

Moves = Mapping[str, frozenset[str]]


def _moves(**after: str) -> Moves:
    return {state: frozenset(names.split()) for state, names in after.items()}


POOL_MOVES = _moves(active="deleting", deleting="")
JOB_MOVES = _moves(
    active="disabling terminating deleting completed",
    disabling="disabled terminating deleting",
    disabled="enabling terminating deleting",
    enabling="active terminating deleting",
    terminating="completed deleting",
    completed="deleting",
    deleting="",
)
TASK_MOVES = _moves(
    active="preparing running completed",
    preparing="active running completed",
    running="active completed",
    completed="active",
)
NODE_MOVES = _moves(
    creating="starting preempted unusable leavingpool",
    starting="idle offline waitingforstarttask preempted unusable leavingpool",
    waitingforstarttask="idle offline starttaskfailed preempted unusable leavingpool rebooting reimaging",
    starttaskfailed="preempted unusable leavingpool rebooting reimaging",
    idle="running offline preempted unusable leavingpool rebooting reimaging",
    running="idle offline preempted unusable leavingpool rebooting reimaging",
    offline="idle preempted unusable leavingpool rebooting reimaging",
    rebooting="starting preempted unusable leavingpool",
    reimaging="starting preempted unusable leavingpool",
    preempted="creating leavingpool",
    unusable="starting preempted leavingpool rebooting reimaging",
    leavingpool="idle running offline",
)
WORKING = frozenset({"idle", "running"})


def _check(moves: Moves, before: str, after: str) -> None:
    if after not in moves[before]:
        raise ValueError(f"no way from {before} to {after}")


def enter(resource: Resource, state: str, now: datetime, moves: Moves) -> None:
    """Move a resource to a state; raise ValueError if the service knows no such move."""
    _check(moves, resource.state, state)
    resource.previous_state, resource.previous_since = resource.state, resource.state_since
    resource.state, resource.state_since = state, now


def enter_pool(pool: Pool, state: str, now: datetime) -> None:
    """Move a pool."""
    enter(pool, state, now, POOL_MOVES)


def enter_job(job: Job, state: str, now: datetime) -> None:
    """Move a job."""
    enter(job, state, now, JOB_MOVES)


def enter_node(node: Node, state: str, now: datetime, due: datetime | None = None) -> None:
    """Move a node; `due` is when it will move on by itself."""
    _check(NODE_MOVES, node.state, state)
    node.state, node.state_since, node.due = state, now, due


def resting(node: Node) -> str:
    """Give the state of a working node without tasks."""
    return "idle" if node.scheduling else "offline"


def _count(job: Job, task: Task, sign: int) -> None:
    job.tally.add(task.state, task.slots, sign)
    if task.state == "completed":
        job.tally.add("succeeded" if task.run.result == "success" else "failed", task.slots, sign)


def admit(job: Job, task: Task) -> None:
    """Put a new, active task into its job."""
    job.tasks[task.key] = task
    job.tasks_made += 1
    insort(job.sorted_keys, task.key)
    _count(job, task, 1)
    job.queues.setdefault(task.slots, OrderedDict())[task.key] = task


def forget(job: Job, task: Task) -> None:
    """Take a task out of its job for good."""
    _count(job, task, -1)
    del job.tasks[task.key]
    del job.sorted_keys[bisect_left(job.sorted_keys, task.key)]
    job.queues.get(task.slots, OrderedDict()).pop(task.key, None)
    job.held.pop(task.key, None)


def enter_task(job: Job, task: Task, state: str, now: datetime, run: Attempt | None = None) -> None:
    """Move a task, with the job's counts and queues; `run` replaces what is known of its run."""
    _count(job, task, -1)
    enter(task, state, now, TASK_MOVES)
    task.run = run or task.run
    _count(job, task, 1)
    queue = job.queues.setdefault(task.slots, OrderedDict())
    queue.pop(task.key, None)
    job.held.pop(task.key, None)
    if state == "active":
        queue[task.key] = task
        queue.move_to_end(task.key, last=False)
    elif state != "completed":
        job.held[task.key] = task
