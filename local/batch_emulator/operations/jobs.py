"""Jobs."""

from datetime import datetime, timedelta
from typing import Any

from local.batch_emulator.account import after
from local.batch_emulator.bodies import jobs as shapes
from local.batch_emulator.bodies import read, read_if_any
from local.batch_emulator.ending import all_complete, begin_deletion, begin_termination, nodes_of
from local.batch_emulator.failures import BatchError, bad_value, missing
from local.batch_emulator.lifecycle import enter_job
from local.batch_emulator.protocol.exchange import Answer, Call, changed, tags
from local.batch_emulator.protocol.pages import by_number, listed, one
from local.batch_emulator.state import Job, Preparation, Wire
from local.batch_emulator.views.jobs import PREPARATIONS, PROPERTIES, counts
from local.batch_emulator.world import World, refuse_unless

_REFUSED = {"deleting": "JobBeingDeleted", "terminating": "JobBeingTerminated", "completed": "JobCompleted"}


def find(world: World, call: Call) -> Job:
    """Find the call's job; raise JobNotFound."""
    return world.account.job(call.ids["jobId"])


def require_live(job: Job) -> None:
    """Raise what the service answers to changes of a job that ends or has ended."""
    if job.state in _REFUSED:
        raise BatchError(_REFUSED[job.state])


def _live(world: World, call: Call) -> Job:
    job = find(world, call)
    call.require(job.etag, job.modified)
    require_live(job)
    return job


def _answer(world: World, call: Call, job: Job, status: int) -> Answer:
    world.account.touch(job, call.now)
    return changed(call, status, job.etag, job.modified)


def create_job(world: World, call: Call) -> Answer:
    """Create a job; its pool need not exist."""
    spec = read(call, shapes.JOB)
    if "poolId" not in spec["poolInfo"]:
        raise missing("poolInfo.poolId")
    _check_parallel(spec)
    refuse_unless(spec["id"].lower() not in world.account.jobs, "JobExists")
    open_jobs = sum(job.state not in ("completed", "deleting") for job in world.account.jobs.values())
    refuse_unless(open_jobs < world.quota.jobs, "ActiveJobAndScheduleQuotaReached")
    if "jobPreparationTask" in spec:
        spec["jobPreparationTask"] = {"id": "jobpreparation", "waitForSuccess": True} | spec["jobPreparationTask"]
    if "jobReleaseTask" in spec:
        _require_preparation(spec)
        spec["jobReleaseTask"] = {"id": "jobrelease"} | spec["jobReleaseTask"]
    job = Job(spec["id"], world.account.next_number(), spec, call.now, world.account.new_etag(), call.now)
    world.account.jobs[job.key] = job
    if all_complete(job):
        begin_termination(job, "AllTasksComplete", call.now)
    return Answer(201, headers=tags(job.etag, job.modified) | {"DataServiceId": call.url(f"/jobs/{job.id}")})


def _require_preparation(spec: Wire) -> None:
    if "jobPreparationTask" not in spec:
        raise missing("jobPreparationTask")


def _check_parallel(spec: Wire) -> None:
    if spec.get("maxParallelTasks") == 0:
        raise bad_value("maxParallelTasks", 0, "must be -1 or greater than 0")


def list_jobs(world: World, call: Call) -> Answer:
    """List jobs."""
    return listed(call, "jobs", after(lambda: list(world.account.jobs.values())), PROPERTIES)


def get_job(world: World, call: Call) -> Answer:
    """Get one job."""
    job = find(world, call)
    return one(call, "jobs", job, PROPERTIES, job.etag, job.modified)


def update_job(world: World, call: Call) -> Answer:
    """Change some properties of a job."""
    job = _live(world, call)
    _change(job, read(call, shapes.JOB_UPDATE))
    return _answer(world, call, job, 200)


def replace_job(world: World, call: Call) -> Answer:
    """Set all properties of a job that can be changed; what the body leaves out goes back to its default."""
    job = _live(world, call)
    body = read(call, shapes.JOB_UPDATE)
    if "poolInfo" not in body:
        raise missing("poolInfo")
    defaults = {"priority": 0, "maxParallelTasks": -1, "onAllTasksComplete": "noaction"}
    kept = {name: job.spec[name] for name in ("onAllTasksComplete",) if name in job.spec and name not in body}
    _change(job, defaults | kept | body)
    for name in ("constraints", "metadata"):
        if name not in body:
            job.spec.pop(name, None)
    return _answer(world, call, job, 200)


def _change(job: Job, body: Wire) -> None:
    _check_parallel(body)
    ends = str(job.spec.get("onAllTasksComplete", "noaction")).lower() == "terminatejob"
    if ends and str(body.get("onAllTasksComplete", "terminatejob")).lower() == "noaction":
        raise bad_value("onAllTasksComplete", "noaction", "cannot be changed back from terminatejob")
    pool = (body.get("poolInfo") or {}).get("poolId", job.spec["poolInfo"]["poolId"])
    if pool.lower() != job.pool_key and job.state != "disabled":
        raise BatchError("OperationInvalidForCurrentState", "Only a disabled job can be moved to another pool.")
    job.spec.update(body)


def delete_job(world: World, call: Call) -> Answer:
    """Start to delete a job, its tasks and their files."""
    job = find(world, call)
    call.require(job.etag, job.modified)
    call.flag("force")
    refuse_unless(job.state != "deleting", "JobBeingDeleted")
    begin_deletion(world, job, call.now)
    return Answer(202)


def disable_job(world: World, call: Call) -> Answer:
    """Start to disable a job: no task is started, running ones are requeued, ended or waited for."""
    job = _live(world, call)
    option = read(call, shapes.JOB_DISABLE)["disableTasks"].lower()
    if job.state not in ("active", "disabling", "disabled"):
        raise BatchError("JobNotActive")
    job.disable_tasks = option
    if job.state == "active":
        enter_job(job, "disabling", call.now)
    return _answer(world, call, job, 202)


def enable_job(world: World, call: Call) -> Answer:
    """Start to enable a disabled job."""
    job = _live(world, call)
    refuse_unless(job.state != "disabling", "OperationInvalidForCurrentState", "The job is being disabled.")
    if job.state == "disabled":
        enter_job(job, "enabling", call.now)
    return _answer(world, call, job, 202)


def terminate_job(world: World, call: Call) -> Answer:
    """Start to end a job: running tasks are ended, active ones stay as they are."""
    job = _live(world, call)
    call.flag("force")
    body = read_if_any(call, shapes.JOB_TERMINATE)
    begin_termination(job, body.get("terminateReason", "UserTerminate"), call.now)
    return _answer(world, call, job, 202)


def get_job_task_counts(world: World, call: Call) -> Answer:
    """Count a job's tasks by state and result, without looking at them; faults may let it lag."""
    job = find(world, call)
    return Answer(200, _lagging(job, counts(job.tally), world.faults.count_lag, call.now), tags(job.etag, job.modified))


def _lagging(job: Job, present: dict[str, Any], lag: timedelta, now: datetime) -> dict[str, Any]:
    """Give the counts as they stood a while ago, as far back as they are known."""
    if not lag:
        job.shown.clear()
        return present
    note_counts(job, now)
    while len(job.shown) > 1 and job.shown[1][0] <= now - lag:
        job.shown.popleft()
    return job.shown[0][1]


def note_counts(job: Job, now: datetime) -> None:
    """Keep the present counts for later, if they are news."""
    present = counts(job.tally)
    if not job.shown or job.shown[-1][1] != present:
        job.shown.append((now, present))


def list_job_preparation_and_release_task_status(world: World, call: Call) -> Answer:
    """List how the job's preparation task fared on each node."""
    job = find(world, call)
    if not job.spec.get("jobPreparationTask"):
        raise BatchError("JobPreparationTaskNotSpecified")

    found: list[Preparation] = [node.preparations[job.key] for node in nodes_of(world, job)]
    source = by_number(lambda number: ((index, each) for index, each in enumerate(found, 1) if index > number))
    return listed(call, "jobpreparationandreleasetaskstatus", source, PREPARATIONS, ("nodeId",))
