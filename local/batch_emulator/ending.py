"""Jobs and pools come to an end: disable, terminate, delete, wall clocks, retention of files."""

from datetime import datetime, timedelta
from heapq import heappop

from local.batch_emulator.allocation import remove
from local.batch_emulator.lifecycle import enter_job, forget
from local.batch_emulator.preparing import stop_node, stop_preparations
from local.batch_emulator.protocol.moments import parse_span
from local.batch_emulator.releasing import begin_releases, releasing
from local.batch_emulator.running import end_task, ended_by, release, requeue, stop_runs
from local.batch_emulator.state import Job, Node, Pool, Task
from local.batch_emulator.world import World


def begin_termination(job: Job, reason: str, now: datetime) -> None:
    """Start to end a job; the next progress of the service ends its tasks."""
    job.reason = reason
    enter_job(job, "terminating", now)


def begin_deletion(world: World, job: Job, now: datetime) -> None:
    """Start to delete a job: its tasks are stopped at once, it and its files are gone a little later."""
    enter_job(job, "deleting", now)
    stop_runs(job.held.values())
    for task in list(job.held.values()):
        _end(world, job, task, now)
    begin_releases(world, job, nodes_of(world, job), now)
    job.due = now + timedelta(seconds=world.settings.delete_seconds)


def nodes_of(world: World, job: Job) -> list[Node]:
    """Give the nodes that prepared themselves for a job."""
    pools = world.account.pools.values()
    return [node for pool in pools for node in pool.nodes.values() if job.key in node.preparations]


def advance(world: World, now: datetime) -> None:
    """Move jobs and deletions on: whatever is due now."""
    for job in list(world.account.jobs.values()):
        _advance_job(world, job, now)
    for pool in list(world.account.pools.values()):
        if pool.state == "deleting" and pool.delete_due and now >= pool.delete_due and not pool.nodes:
            del world.account.pools[pool.key]
    _clean_up(world, now)


def _advance_job(world: World, job: Job, now: datetime) -> None:
    if job.state == "active":
        _watch_job(job, now)
    if job.state == "disabling":
        _disable(world, job, now)
    elif job.state == "enabling":
        enter_job(job, "active", now)
    if job.state == "terminating":
        _finish(world, job, now)
    elif job.state == "deleting" and job.due and now >= job.due and not releasing(world, job):
        drop_job(world, job, now)


def all_complete(job: Job) -> bool:
    """Whether onAllTasksComplete ends the job now; a job without tasks counts as complete."""
    wanted = str(job.spec.get("onAllTasksComplete", "noaction")).lower() == "terminatejob"
    return wanted and job.tally.tasks["completed"] == len(job.tasks)


def _watch_job(job: Job, now: datetime) -> None:
    limit = (job.spec.get("constraints") or {}).get("maxWallClockTime")
    if limit is not None and now - job.created >= parse_span(limit):
        begin_termination(job, "MaxWallClockTimeExpiry", now)
    elif all_complete(job):
        begin_termination(job, "AllTasksComplete", now)


def _end(world: World, job: Job, task: Task, now: datetime) -> None:
    outcome = ended_by("The task was ended by a request of the user", ran=task.state == "running")
    end_task(world, job, task, outcome, now)


def _disable(world: World, job: Job, now: datetime) -> None:
    if job.disable_tasks != "wait":
        stop_runs(job.held.values())
    for task in list(job.held.values()):
        if job.disable_tasks == "requeue":
            requeue(world, job, task, now, asked=True)
        elif job.disable_tasks == "terminate":
            _end(world, job, task, now)
    if not job.held:
        enter_job(job, "disabled", now)


def _finish(world: World, job: Job, now: datetime) -> None:
    """End a job: what runs is ended with it, what never ran stays active. It has ended once its release tasks have."""
    stop_runs(job.held.values())
    for task in list(job.held.values()):
        _end(world, job, task, now)
    begin_releases(world, job, nodes_of(world, job), now)
    if releasing(world, job):
        return
    job.ended = now
    enter_job(job, "completed", now)


def drop_job(world: World, job: Job, now: datetime) -> None:
    """Make a job vanish with its tasks and their files."""
    for task in list(job.held.values()):
        release(world, job, task, now)
    stop_preparations(job, nodes_of(world, job))
    folders = {task.directory.parent.parent for task in job.tasks.values() if task.directory}
    for folder in folders:
        world.trash.discard(folder)
    del world.account.jobs[job.key]


def drop_pool(world: World, pool: Pool, now: datetime) -> None:
    """Make a pool vanish with its nodes; their tasks go back to their queues."""
    for node in list(pool.nodes.values()):
        for (job_key, _), task in list(node.tasks.items()):
            requeue(world, world.account.jobs[job_key], task, now, asked=True)
        stop_node(node)
        remove(world, node)
    del world.account.pools[pool.key]


def delete_task(world: World, job: Job, task: Task, now: datetime) -> None:
    """Take a task out of its job, with its files; a running one is stopped."""
    release(world, job, task, now)
    forget(job, task)
    if task.directory:
        world.trash.discard(task.directory)


def _clean_up(world: World, now: datetime) -> None:
    """Remove the files of tasks whose retention time is over."""
    while world.retention and world.retention[0][0] <= now:
        _, job_key, task_key = heappop(world.retention)
        job = world.account.jobs.get(job_key)
        task = job.tasks.get(task_key) if job else None
        if task and task.state == "completed" and task.directory and _expired(task, now):
            world.trash.discard(task.directory)
            task.cleaned_up = True


def _expired(task: Task, now: datetime) -> bool:
    kept = (task.spec.get("constraints") or {}).get("retentionTime") or "P7D"
    assert task.run.end is not None
    return now - task.run.end >= parse_span(kept)
