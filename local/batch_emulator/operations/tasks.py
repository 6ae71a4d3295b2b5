"""Tasks."""

from datetime import datetime
from typing import Any

from local.batch_emulator.bodies import normal, read
from local.batch_emulator.bodies import tasks as shapes
from local.batch_emulator.ending import delete_task as take_out
from local.batch_emulator.failures import BatchError, bad_value, missing
from local.batch_emulator.lifecycle import admit, enter_task
from local.batch_emulator.operations.jobs import find, require_live
from local.batch_emulator.protocol.errors import error_body
from local.batch_emulator.protocol.exchange import Answer, Call, changed, tags
from local.batch_emulator.protocol.moments import stamp
from local.batch_emulator.protocol.pages import listed, one
from local.batch_emulator.running import end_task, ended_by
from local.batch_emulator.state import Attempt, Job, Task, Wire
from local.batch_emulator.views.tasks import PROPERTIES
from local.batch_emulator.world import World, refuse_unless

LARGEST_COLLECTION = 100


def _add(world: World, job: Job, body: Any, now: datetime) -> Task:
    """Check one task and put it into the job."""
    shapes.TASK("", body)
    spec = normal(body)
    refuse_unless(spec["id"].lower() not in job.tasks, "TaskExists")
    _check_pool(world, job, spec)
    _check_files(spec)
    limit = (job.spec.get("constraints") or {}).get("maxTaskRetryCount")
    if limit is not None:
        spec["constraints"] = {"maxTaskRetryCount": limit} | spec.get("constraints", {})
    task = Task(spec["id"], job.tasks_made + 1, spec, now, world.account.new_etag(), now, job_id=job.id)
    task.slots = spec.get("requiredSlots", 1)
    admit(job, task)
    return task


def _check_pool(world: World, job: Job, spec: Wire) -> None:
    """Tasks of a container pool must be containers; those of another must not."""
    pool = world.account.pools.get(job.pool_key)
    if pool is None:
        return
    container = "containerSettings" in spec
    if pool.containers is not None and not container:
        raise missing("containerSettings")
    if pool.containers is None and container:
        raise bad_value("containerSettings", spec["containerSettings"], "the pool has no containerConfiguration")
    if not spec["commandLine"] and not container:
        raise bad_value("commandLine", "", "must not be empty outside a container")


def _check_files(spec: Wire) -> None:
    for index, each in enumerate(spec.get("resourceFiles", [])):
        sources = [name for name in ("httpUrl", "storageContainerUrl") if each.get(name)]
        if len(sources) != 1:
            raise bad_value(f"resourceFiles[{index}]", sources, "needs exactly one of httpUrl and storageContainerUrl")
        if "httpUrl" in each and "filePath" not in each:
            raise missing(f"resourceFiles[{index}].filePath")
    _check_exits(spec)


def _check_exits(spec: Wire) -> None:
    for index, each in enumerate((spec.get("exitConditions") or {}).get("exitCodeRanges", [])):
        if each["start"] > each["end"]:
            raise bad_value(f"exitConditions.exitCodeRanges[{index}]", each, "start must not be greater than end")


def create_task(world: World, call: Call) -> Answer:
    """Add one task to a job."""
    job = find(world, call)
    require_live(job)
    task = _add(world, job, call.json(), call.now)
    return Answer(201, headers=tags(task.etag, task.modified) | {"DataServiceId": _url(call, job, task)})


def _url(call: Call, job: Job, task: Task) -> str:
    return call.url(f"/jobs/{job.id}/tasks/{task.id}")


def create_task_collection(world: World, call: Call) -> Answer:
    """Add up to 100 tasks; each is answered for itself."""
    job = find(world, call)
    body = call.json()
    if len(body.get("value") or []) > LARGEST_COLLECTION:
        raise BatchError("RequestBodyTooLarge", Reason=f"More than {LARGEST_COLLECTION} tasks in one request.")
    shapes.TASK_COLLECTION("", body)
    require_live(job)
    base, modified = call.url(f"/jobs/{job.id}/tasks/"), stamp(call.now)
    value = [_added(world, call, job, each, base, modified) for each in body["value"]]
    return Answer(200, {"odata.metadata": call.url("/$metadata#taskaddresult"), "value": value})


def _added(world: World, call: Call, job: Job, body: Any, base: str, modified: str) -> Wire:
    try:
        task = _add(world, job, body, call.now)
    except BatchError as error:
        # Never servererror: clients add those again for ever, and nothing here gets better by itself.
        name = body.get("id") if isinstance(body, dict) else None
        return {"status": "clienterror", "taskId": name or "", "error": error_body(error, "", call.now)}
    return {
        "status": "success",
        "taskId": task.id,
        "eTag": task.etag,
        "lastModified": modified,
        "location": base + task.id,
    }


def list_tasks(world: World, call: Call) -> Answer:
    """List a job's tasks in order of their ids."""
    return listed(call, "tasks", find(world, call).after, PROPERTIES)


def _find(world: World, call: Call) -> Task:
    return world.account.task(call.ids["jobId"], call.ids["taskId"])


def get_task(world: World, call: Call) -> Answer:
    """Get one task."""
    task = _find(world, call)
    answer = one(call, "tasks", task, PROPERTIES, task.etag, task.modified)
    return Answer(200, answer.body, {**answer.headers, "DataServiceId": call.url()})


def _live(world: World, call: Call) -> tuple[Job, Task]:
    job, task = find(world, call), _find(world, call)
    call.require(task.etag, task.modified)
    refuse_unless(job.state != "deleting", "JobBeingDeleted")
    return job, task


def replace_task(world: World, call: Call) -> Answer:
    """Set a task's constraints; what the body leaves out goes back to its default."""
    _, task = _live(world, call)
    refuse_unless(task.state != "completed", "TaskCompleted")
    body = read(call, shapes.TASK_UPDATE)
    task.spec["constraints"] = body.get("constraints", {})
    world.account.touch(task, call.now)
    return changed(call, 200, task.etag, task.modified)


def delete_task(world: World, call: Call) -> Answer:
    """Take a task out of its job, with its files."""
    job, task = _live(world, call)
    take_out(world, job, task, call.now)
    return Answer(200)


def terminate_task(world: World, call: Call) -> Answer:
    """End a task that is not completed; it counts as failed."""
    job, task = _live(world, call)
    refuse_unless(task.state != "completed", "TaskCompleted")
    outcome = ended_by("The task was ended by a request of the user", ran=task.state == "running")
    end_task(world, job, task, outcome, call.now)
    return changed(call, 204, task.etag, task.modified)


def reactivate_task(world: World, call: Call) -> Answer:
    """Run a failed task again, with all its retries, as long as the job lives."""
    job, task = _live(world, call)
    require_live(job)
    refuse_unless(task.state == "completed", "TaskNotCompleted")
    refuse_unless(task.run.result == "failure", "TaskSucceeded")
    enter_task(job, task, "active", call.now, Attempt())
    task.node = None
    world.account.touch(task, call.now)
    return changed(call, 204, task.etag, task.modified)
