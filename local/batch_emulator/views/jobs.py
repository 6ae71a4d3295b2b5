"""Jobs, their task counts, and their preparation tasks."""

from local.batch_emulator.protocol.moments import UNLIMITED
from local.batch_emulator.protocol.pages import Properties
from local.batch_emulator.state import Job, Preparation, Tally, Wire
from local.batch_emulator.views.attempts import attempt_info, given


def _execution(job: Job) -> Wire:
    return {
        "startTime": job.created,
        "endTime": job.ended,
        "poolId": job.spec["poolInfo"]["poolId"],
        "terminateReason": job.reason,
    }


def _constraints(job: Job) -> Wire:
    return {"maxWallClockTime": UNLIMITED, "maxTaskRetryCount": 0} | (job.spec.get("constraints") or {})


PROPERTIES: Properties[Job] = {
    "id": lambda job, _: job.id,
    "displayName": given("displayName"),
    "usesTaskDependencies": given("usesTaskDependencies", False),
    "url": lambda job, base: f"{base}/jobs/{job.id}",
    "eTag": lambda job, _: job.etag,
    "lastModified": lambda job, _: job.modified,
    "creationTime": lambda job, _: job.created,
    "state": lambda job, _: job.state,
    "stateTransitionTime": lambda job, _: job.state_since,
    "previousState": lambda job, _: job.previous_state,
    "previousStateTransitionTime": lambda job, _: job.previous_since,
    "priority": given("priority", 0),
    "allowTaskPreemption": given("allowTaskPreemption", False),
    "maxParallelTasks": given("maxParallelTasks", -1),
    "constraints": lambda job, _: _constraints(job),
    "jobPreparationTask": given("jobPreparationTask"),
    "jobReleaseTask": given("jobReleaseTask"),
    "commonEnvironmentSettings": given("commonEnvironmentSettings"),
    "poolInfo": given("poolInfo"),
    "onAllTasksComplete": given("onAllTasksComplete", "noaction"),
    "onTaskFailure": given("onTaskFailure", "noaction"),
    "networkConfiguration": given("networkConfiguration"),
    "metadata": given("metadata"),
    "executionInfo": lambda job, _: _execution(job),
    "stats": lambda _job, _: None,
}


def counts(tally: Tally) -> Wire:
    """Write the task counts and task slot counts of a job; tasks that are being prepared count as running."""

    def one(found: dict[str, int]) -> dict[str, int]:
        running = found.get("running", 0) + found.get("preparing", 0)
        return {name: found.get(name, 0) for name in ("active", "completed", "succeeded", "failed")} | {
            "running": running
        }

    return {"taskCounts": one(tally.tasks), "taskSlotCounts": one(tally.slots)}


def _preparation_info(found: Preparation, base: str) -> Wire:
    root = found.directory.relative_to(found.node.root).as_posix()
    files = f"{base}/pools/{found.node.pool.id}/nodes/{found.node.id}/files"
    return {
        "state": "running" if found.running else "completed",
        "taskRootDirectory": root,
        "taskRootDirectoryUrl": f"{files}/{root}",
        **attempt_info(found.attempt),
    }


PREPARATIONS: Properties[Preparation] = {
    "poolId": lambda found, _: found.node.pool.id,
    "nodeId": lambda found, _: found.node.id,
    "nodeUrl": lambda found, base: f"{base}/pools/{found.node.pool.id}/nodes/{found.node.id}",
    "jobPreparationTaskExecutionInfo": _preparation_info,
    "jobReleaseTaskExecutionInfo": lambda _found, _base: None,
}
