"""Runs on nodes: start them, watch them, repeat them, end them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from heapq import heappush
from threading import Thread
from typing import Any, Literal

from local.batch_emulator.execution import Failure, Launch, Outcome
from local.batch_emulator.lifecycle import enter_job, enter_node, enter_task, resting
from local.batch_emulator.protocol.moments import parse_span
from local.batch_emulator.state import Attempt, Job, Node, Running, Task
from local.batch_emulator.world import World

KILLED = 137
Kind = Literal["task", "jobpreparation", "jobrelease", "start"]


def make_launch(
    world: World, node: Node, kind: Kind, body: dict[str, Any], job: Job | None = None, task_id: str | None = None
) -> Launch:
    """Describe the first attempt of a run."""
    settings = (job.spec.get("commonEnvironmentSettings", []) if job else []) + body.get("environmentSettings", [])
    return Launch(
        kind=kind,
        account=world.name,
        account_url=world.url,
        pool_id=node.pool.id,
        node_id=node.id,
        dedicated=node.dedicated,
        node_root=node.root,
        job_id=job.id if job else None,
        task_id=task_id,
        attempt=0,
        task=body,
        environment={each["name"]: each.get("value", "") for each in settings},
        container_configuration=node.pool.containers,
        has_job_preparation=bool(job and job.spec.get("jobPreparationTask")),
        identities=node.pool.identities,
    )


def start(world: World, launch: Launch, attempt: Attempt, now: datetime) -> Running:
    """Start a run. One for which faults arranged an end does not trouble the execution."""
    attempt.start = attempt.start or now
    doomed = world.faults.doom(launch)
    return Running(launch, world.execution.start(launch) if doomed is None else _Doomed(doomed), attempt)


class _Doomed:
    """A run whose end was arranged."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def poll(self) -> Outcome:
        return self._outcome

    def stop(self) -> None:
        """Nothing runs."""


def judged(outcome: Outcome) -> Outcome:
    """See to it that a nonzero exit is a failure."""
    if outcome.failure is None and outcome.exit_code != 0:
        message = "The task exited with an exit code representing a failure"
        details = (("Message", f"exit code {outcome.exit_code}"),)
        return replace(outcome, failure=Failure("usererror", "FailureExitCode", message, details))
    return outcome


def may_repeat(attempt: Attempt, failure: Failure | None, limit: int) -> bool:
    """Whether the service runs it again: nonzero exits only, `limit` times, or for ever with -1."""
    exited = failure is not None and failure.code == "FailureExitCode"
    return exited and (limit < 0 or attempt.retry_count < limit)


def repeat(world: World, running: Running, now: datetime) -> Running:
    """Start the next attempt of a run that may be repeated."""
    attempt = running.attempt
    attempt.retry_count += 1
    attempt.start = attempt.last_retry = now
    return start(world, replace(running.launch, attempt=attempt.retry_count), attempt, now)


def record(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    """Note how a run ended."""
    attempt.end, attempt.exit_code = now, outcome.exit_code
    attempt.failure, attempt.container_id = outcome.failure, outcome.container_id


def start_task(world: World, job: Job, task: Task, now: datetime) -> None:
    """Start a task on the node it was given, and show it as running."""
    assert task.node is not None
    launch = make_launch(world, task.node, "task", task.spec, job, task.id)
    task.directory, task.cleaned_up = world.execution.task_directory(launch), False
    attempt = Attempt(retry_count=task.run.retry_count, last_retry=task.run.last_retry)
    enter_task(job, task, "running", now, attempt)
    world.account.touch(task, now)
    launch = replace(launch, attempt=attempt.retry_count)
    task.node.runs[job.key, task.key] = start(world, launch, attempt, now)


def release(world: World, job: Job, task: Task, now: datetime) -> None:
    """Stop the task's run, if any, and free its slots; its state is the caller's."""
    node = task.node
    if node is None or node.tasks.pop((job.key, task.key), None) is None:
        return
    running = node.runs.pop((job.key, task.key), None)
    if running is not None:
        running.handle.stop()
    node.used_slots -= task.slots
    preparation = node.preparations.get(job.key)
    if preparation and task in preparation.waiting:
        preparation.waiting.remove(task)
    if not node.tasks and node.state == "running":
        enter_node(node, resting(node), now)


def stop_runs(tasks: Iterable[Task]) -> None:
    """Stop the runs of many tasks side by side: one container may take a second to go."""
    found = ((task.node, (task.job_id.lower(), task.key)) for task in tasks if task.node)
    runs = [node.runs.pop(key) for node, key in found if key in node.runs]
    threads = [Thread(target=running.handle.stop) for running in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def end_task(world: World, job: Job, task: Task, outcome: Outcome, now: datetime) -> None:
    """Complete a task with this outcome, free its node, and do what its exit conditions ask."""
    node = task.node
    release(world, job, task, now)
    attempt = replace(task.run)
    record(attempt, outcome, now)
    enter_task(job, task, "completed", now, attempt)
    world.account.touch(task, now)
    kept = (task.spec.get("constraints") or {}).get("retentionTime") or "P7D"
    heappush(world.retention, (now + min(parse_span(kept), parse_span("P3650D")), job.key, task.key))
    if node is not None:
        node.total_run += 1
        node.total_succeeded += outcome.failure is None
        node.recent.append(task)
    _act(job, job_action(job, task), now)


def requeue(world: World, job: Job, task: Task, now: datetime, *, asked: bool) -> None:
    """Put a task that holds a node back into its queue; `asked` counts it as requeued by a user's request."""
    release(world, job, task, now)
    if asked:
        task.requeue_count += 1
        task.last_requeue = now
    kept = Attempt(retry_count=task.run.retry_count, last_retry=task.run.last_retry)
    task.node = None
    enter_task(job, task, "active", now, kept)
    world.account.touch(task, now)


def ended_by(reason: str, *, ran: bool) -> Outcome:
    """The outcome of a task that was ended from outside."""
    failure = Failure("usererror", "TaskEnded", reason)
    return Outcome(KILLED if ran else None, failure)


def job_action(job: Job, task: Task) -> str:
    """Give what the job does now that this task ended: none, terminate or disable."""
    if str(job.spec.get("onTaskFailure", "noaction")).lower() != "performexitoptionsjobaction":
        return "none"
    default = "none" if task.run.result == "success" else "terminate"
    options = _exit_options(task.spec.get("exitConditions") or {}, task.run)
    return str((options or {}).get("jobAction", default)).lower()


def _exit_options(conditions: dict[str, Any], run: Attempt) -> dict[str, Any] | None:
    code = run.exit_code
    failure = run.failure.code if run.failure else ""
    if failure.startswith("FileUpload"):
        return conditions.get("fileUploadError") or conditions.get("default")
    if code is None:
        return conditions.get("preProcessingError") or conditions.get("default")
    for mapping in conditions.get("exitCodes", []):
        if mapping["code"] == code:
            return dict(mapping["exitOptions"])
    for mapping in conditions.get("exitCodeRanges", []):
        if mapping["start"] <= code <= mapping["end"]:
            return dict(mapping["exitOptions"])
    return conditions.get("default")


def _act(job: Job, action: str, now: datetime) -> None:
    if action == "none" or job.state != "active":
        return
    if action == "terminate":
        job.reason = "TaskFailed"
        enter_job(job, "terminating", now)
    else:
        job.disable_tasks = "requeue"
        enter_job(job, "disabling", now)


def watch(world: World, now: datetime) -> None:
    """Look at every run: what ended is completed or repeated, what ran too long is killed."""
    for pool in list(world.account.pools.values()):
        for node in list(pool.nodes.values()):
            for key, running in list(node.runs.items()):
                if node.runs.get(key) is running:
                    _watch(world, node, key, running, now)


def _watch(world: World, node: Node, key: tuple[str, str], running: Running, now: datetime) -> None:
    job = world.account.jobs[key[0]]
    task = job.tasks[key[1]]
    outcome = running.handle.poll()
    if outcome is None:
        outcome = overdue(world, running, now)
    if outcome is None:
        return
    outcome = judged(outcome)
    limit = int((task.spec.get("constraints") or {}).get("maxTaskRetryCount", 0))
    if may_repeat(running.attempt, outcome.failure, limit):
        node.runs[key] = repeat(world, running, now)
        world.account.touch(task, now)
        return
    del node.runs[key]
    end_task(world, job, task, outcome, now)


def overdue(world: World, running: Running, now: datetime) -> Outcome | None:
    """Stop a run that is past its maxWallClockTime and give its outcome; None while it may go on."""
    limit = (running.launch.task.get("constraints") or {}).get("maxWallClockTime")
    assert running.attempt.start is not None
    if limit is None or now - running.attempt.start < parse_span(limit):
        return None
    running.handle.stop()
    code = world.settings.wall_clock_exit
    if world.settings.wall_clock_retries:
        return Outcome(KILLED if code is None else code, None)
    return replace(ended_by("The task was ended because it exceeded its maxWallClockTime", ran=True), exit_code=code)
