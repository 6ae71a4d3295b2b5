"""The execution info of tasks, preparation tasks and start tasks."""

from collections.abc import Callable
from typing import Any

from local.batch_emulator.execution import Failure
from local.batch_emulator.state import Attempt, Resource, Task, Wire


def given(name: str, default: Any = None) -> Callable[[Resource, str], Any]:
    """A property that is shown as the user gave it."""
    return lambda resource, _: resource.spec.get(name, default)


def failure_info(failure: Failure | None) -> Wire | None:
    """Write why a run failed."""
    if failure is None:
        return None
    details = [{"name": name, "value": value} for name, value in failure.details]
    return {
        "category": failure.category,
        "code": failure.code,
        "message": failure.message,
        "details": details or None,
    }


def attempt_info(run: Attempt) -> Wire:
    """Write what is known of a run."""
    container = {"containerId": run.container_id} if run.container_id else None
    return {
        "startTime": run.start,
        "endTime": run.end,
        "exitCode": run.exit_code,
        "containerInfo": container,
        "failureInfo": failure_info(run.failure),
        "retryCount": run.retry_count,
        "lastRetryTime": run.last_retry,
        "result": run.result,
    }


def task_info(task: Task) -> Wire:
    """Write how a task fared."""
    return attempt_info(task.run) | {"requeueCount": task.requeue_count, "lastRequeueTime": task.last_requeue}
