"""Jobs: their ends, their switches, their preparation tasks."""

from datetime import timedelta

import pytest
from azure.batch import models

from tests.batch_emulator.ground import CONTAINERS, MACHINE, Ground, refusal


def test_a_job_may_wait_for_its_pool(ground: Ground) -> None:
    """A job whose pool does not exist is accepted; its tasks run once the pool is there."""
    ground.job(pool_id="later")
    ground.task()
    ground.advance(60)
    assert ground.fate().state == "active"
    ground.pool("later")
    ground.advance(1)
    assert ground.fate().state == "completed"


def test_termination(ground: Ground) -> None:
    """Running tasks are ended, active ones stay active, the reason is kept, and no task can be added."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    for name in ("running", "waiting"):
        ground.task(name)
    ground.advance(1)
    ground.client._terminate_job_internal("j", {"terminateReason": "enough"})
    assert ground.client.get_job("j").state == "terminating"
    assert refusal(ground.task, "late") == "JobBeingTerminated"
    ground.advance(1)
    job = ground.client.get_job("j")
    assert (job.state, job.execution_info.termination_reason) == ("completed", "enough")
    ended = ground.fate("running")
    assert (ended.state, ended.execution_info.failure_info.code) == ("completed", "TaskEnded")
    assert ground.fate("waiting").state == "active"
    assert ground.execution.running == []
    assert refusal(ground.task, "late") == "JobCompleted"
    assert refusal(ground.client.reactivate_task, "j", "running") == "JobCompleted"
    assert refusal(ground.client._terminate_job_internal, "j", {"terminateReason": "x"}) == "JobCompleted"


def test_a_job_can_be_terminated_without_a_body(ground: Ground) -> None:
    """Without a reason the service gives its own."""
    ground.job()
    request = ground.client.send_request
    from azure.core.rest import HttpRequest

    answer = request(HttpRequest("POST", "/jobs/j/terminate?api-version=2025-06-01", headers={"Content-Length": "0"}))
    assert answer.status_code == 202
    ground.advance(1)
    assert ground.client.get_job("j").execution_info.termination_reason == "UserTerminate"


def test_a_job_ends_with_its_tasks_where_asked(ground: Ground) -> None:
    """terminatejob ends an empty job at once, a full one with its last task, and cannot be taken back."""
    ground.job("empty", onAllTasksComplete="terminatejob")
    ground.advance(1)
    assert ground.client.get_job("empty").execution_info.termination_reason == "AllTasksComplete"
    ground.pool()
    ground.job()
    ground.task()
    ground.client.update_job("j", models.BatchJobUpdateOptions(all_tasks_complete_mode="terminatejob"))
    back = models.BatchJobUpdateOptions(all_tasks_complete_mode="noaction")
    assert refusal(ground.client.update_job, "j", back) == "InvalidPropertyValue"
    ground.advance(2)
    job = ground.client.get_job("j")
    assert (job.state, job.execution_info.termination_reason) == ("completed", "AllTasksComplete")
    assert job.execution_info.end_time is not None


def test_a_failed_task_can_end_the_job(ground: Ground) -> None:
    """With performexitoptionsjobaction, exit conditions decide whether a failure ends or disables the job."""
    ground.pool(taskSlotsPerNode=4)
    ground.programs.answers.update({"t": 5, "u": 6, "v": 7})
    conditions = {
        "exitCodes": [{"code": 5, "exitOptions": {"jobAction": "none"}}],
        "exitCodeRanges": [{"start": 6, "end": 6, "exitOptions": {"jobAction": "disable"}}],
        "default": {"jobAction": "terminate"},
    }
    expected = {"t": ("active", None), "u": ("disabled", None), "v": ("completed", "TaskFailed")}
    for task, (state, reason) in expected.items():
        ground.job(f"job-{task}", onTaskFailure="performexitoptionsjobaction")
        ground.task(task, f"job-{task}", exitConditions=conditions)
        ground.advance(3)
        job = ground.client.get_job(f"job-{task}")
        assert (job.state, job.execution_info.termination_reason) == (state, reason), task


def test_a_jobs_wall_clock(ground: Ground) -> None:
    """A job that outlives its maxWallClockTime, counted from its creation, is ended with all that runs."""
    ground.programs.default = None
    ground.pool()
    ground.job(constraints={"maxWallClockTime": "PT10M"})
    ground.task()
    ground.advance(590)
    assert ground.client.get_job("j").state == "active"
    ground.advance(20)
    job = ground.client.get_job("j")
    assert (job.state, job.execution_info.termination_reason) == ("completed", "MaxWallClockTimeExpiry")
    assert ground.execution.running == []


def test_disabling_and_enabling(ground: Ground) -> None:
    """A disabled job runs nothing, may move to another pool, and goes on when it is enabled."""
    ground.programs.default = None
    ground.pool()
    ground.pool("q")
    ground.job()
    ground.task()
    ground.advance(1)
    other = models.BatchJobUpdateOptions(pool_info=models.BatchPoolInfo(pool_id="q"))
    assert refusal(ground.client.update_job, "j", other) == "OperationInvalidForCurrentState"
    ground.client._disable_job_internal("j", models.BatchJobDisableOptions(disable_tasks="requeue"))
    ground.advance(1)
    task = ground.fate()
    assert (ground.client.get_job("j").state, task.state) == ("disabled", "active")
    assert task.execution_info.requeue_count == 1
    ground.client.update_job("j", other)
    ground.client._enable_job_internal("j")
    ground.advance(1)
    assert ground.client.get_job("j").state == "active"
    assert ground.fate().node_info.pool_id == "q"


def test_a_job_that_waits_for_its_tasks_before_it_is_disabled(ground: Ground) -> None:
    """With `wait` it is disabling until the last running task has completed."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.task("next")
    ground.advance(1)
    ground.client._disable_job_internal("j", models.BatchJobDisableOptions(disable_tasks="wait"))
    ground.advance(5)
    assert ground.client.get_job("j").state == "disabling"
    ground.programs.default = 0
    ground.advance(1)
    assert ground.client.get_job("j").state == "disabled"
    assert (ground.fate().state, ground.fate("next").state) == ("completed", "active")


def test_priority_decides_who_is_first(ground: Ground) -> None:
    """Of the jobs on a pool, the one with the higher priority gets the free slot, and a change of it counts."""
    ground.programs.default = None
    ground.pool(nodes=0)
    for name, priority in (("low", -5), ("high", 5)):
        ground.job(name, priority=priority)
        ground.task("t", name)
    ground.client.update_job("low", models.BatchJobUpdateOptions(priority=10))
    ground.client._resize_pool_internal("p", models.BatchPoolResizeOptions(target_dedicated_nodes=1))
    ground.advance(6)
    assert (ground.fate("t", "low").state, ground.fate("t", "high").state) == ("running", "active")


def test_parallel_tasks_are_limited(ground: Ground) -> None:
    """A job runs at most maxParallelTasks at once."""
    ground.programs.default = None
    ground.pool(taskSlotsPerNode=4)
    ground.job(maxParallelTasks=2)
    for number in range(4):
        ground.task(f"t{number}")
    ground.advance(5)
    assert ground.client.get_job_task_counts("j").task_counts.running == 2


def test_a_put_sets_what_it_leaves_out_back(ground: Ground) -> None:
    """PUT of a job replaces priority, constraints and metadata; PATCH leaves alone what it does not name."""
    ground.job(priority=7, metadata=[{"name": "a", "value": "b"}], constraints={"maxTaskRetryCount": 3})
    ground.client.update_job("j", models.BatchJobUpdateOptions(priority=8))
    job = ground.client.get_job("j")
    assert (job.priority, job.metadata[0].value, job.constraints.max_task_retry_count) == (8, "b", 3)
    ground.client.replace_job("j", models.BatchJob(pool_info=models.BatchPoolInfo(pool_id="p")))
    job = ground.client.get_job("j")
    assert (job.priority, job.metadata, job.constraints.max_task_retry_count) == (0, None, 0)


def test_the_preparation_runs_once_per_node(ground: Ground) -> None:
    """Tasks are `preparing` until the job's preparation task has run on their node, once per node."""
    ground.programs.answers["jobpreparation"] = None
    ground.pool(nodes=2)
    ground.job(jobPreparationTask={"commandLine": "fetch"})
    for number in range(4):
        ground.task(f"t{number}")
    ground.advance(1)
    assert ground.fate("t0").state == "preparing"
    assert ground.client.get_job_task_counts("j").task_counts.running == 2
    ground.programs.answers["jobpreparation"] = 0
    ground.advance(10)
    assert ground.client.get_job_task_counts("j").task_counts.succeeded == 4
    statuses = list(ground.client.list_job_preparation_and_release_task_status("j"))
    infos = [status.job_preparation_task_execution_info for status in statuses]
    assert [(info.state, info.exit_code, info.result) for info in infos] == [("completed", 0, "success")] * 2
    launches = [launch for launch in ground.programs.launches if launch.kind == "jobpreparation"]
    assert {launch.node_id for launch in launches} == {node.id for node in ground.nodes()}
    assert all(launch.has_job_preparation for launch in ground.programs.launches)


def test_a_failed_preparation_closes_its_node(ground: Ground) -> None:
    """Where the preparation fails, the job's tasks do not run; other nodes and other jobs go on."""
    ground.pool(nodes=2)
    spoilt = ground.nodes()[0].id
    ground.programs.answers["jobpreparation"] = lambda launch: 9 if launch.node_id == spoilt else 0
    ground.job(jobPreparationTask={"commandLine": "fetch", "constraints": {"maxTaskRetryCount": 2}})
    for number in range(3):
        ground.task(f"t{number}")
    ground.advance(20)
    assert {ground.fate(f"t{number}").node_info.node_id for number in range(3)} == {ground.nodes()[1].id}
    status = next(s for s in ground.client.list_job_preparation_and_release_task_status("j") if s.node_id == spoilt)
    info = status.job_preparation_task_execution_info
    assert (info.result, info.exit_code, info.retry_count) == ("failure", 9, 2)
    ground.job("other")
    ground.task("t", "other")
    ground.advance(1)
    assert ground.fate("t", "other").state == "completed"


def test_a_preparation_has_its_wall_clock(ground: Ground) -> None:
    """A preparation task that runs too long is stopped and failed; its node is closed to the job."""
    ground.programs.default = None
    ground.pool()
    ground.job(jobPreparationTask={"commandLine": "fetch", "constraints": {"maxWallClockTime": "PT1M"}})
    ground.task()
    ground.advance(70)
    assert ground.execution.running == []
    status = next(iter(ground.client.list_job_preparation_and_release_task_status("j")))
    assert status.job_preparation_task_execution_info.failure_info.code == "TaskEnded"
    assert ground.fate().state == "active"


@pytest.mark.parametrize("end", ["terminate", "delete"])
def test_the_release_runs_once_on_each_prepared_node_when_the_job_ends(ground: Ground, end: str) -> None:
    """Until it has ended the job is not completed, and not gone; a node that no task came to is left alone."""
    ground.programs.answers["jobrelease"] = None
    ground.pool(nodes=2)
    ground.job(jobPreparationTask={"commandLine": "fetch"}, jobReleaseTask={"commandLine": "clear"})
    ground.task()
    ground.advance(10)
    if end == "terminate":
        ground.client._terminate_job_internal("j", {"terminateReason": "over"})
    else:
        ground.client._delete_job_internal("j")
    ground.advance(300)
    assert ground.client.get_job("j").state == {"terminate": "terminating", "delete": "deleting"}[end]
    ran = [(launch.kind, launch.node_id, launch.task["commandLine"]) for launch in ground.programs.launches]
    (node,) = {node for kind, node, _ in ran if kind == "jobpreparation"}
    assert {each for each in ran if each[0] == "jobrelease"} == {("jobrelease", node, "clear")}
    ground.programs.answers["jobrelease"] = 0
    ground.advance(10)
    if end == "terminate":
        assert ground.client.get_job("j").state == "completed"
    else:
        assert refusal(lambda: ground.client.get_job("j")) == "JobNotFound"


def test_a_release_that_hangs_holds_its_job_for_a_quarter_of_an_hour(ground: Ground) -> None:
    """Then it is stopped, and the job ends without it."""
    ground.programs.answers["jobrelease"] = None
    ground.pool()
    ground.job(jobPreparationTask={"commandLine": "fetch"}, jobReleaseTask={"commandLine": "clear"})
    ground.task()
    ground.advance(10)
    ground.client._terminate_job_internal("j", {"terminateReason": "over"})
    ground.advance(14 * 60)
    assert ground.client.get_job("j").state == "terminating"
    ground.advance(2 * 60)
    assert ground.client.get_job("j").state == "completed"
    assert ground.execution.running == []


def test_a_release_needs_a_preparation(ground: Ground) -> None:
    """Where nothing was laid out there is nothing to clear."""
    assert refusal(lambda: ground.job(jobReleaseTask={"commandLine": "clear"})) == "MissingRequiredProperty"


def test_a_job_without_preparation_has_no_status_of_one(ground: Ground) -> None:
    """Asking for it is a conflict, as the job has none."""
    ground.job()
    listing = ground.client.list_job_preparation_and_release_task_status("j")
    assert refusal(lambda: list(listing)) == "JobPreparationTaskNotSpecified"


def test_environment_reaches_the_task(ground: Ground) -> None:
    """A launch holds the job's common settings, overridden by the task's own, and the pool's containers."""
    ground.pool(machine=MACHINE | CONTAINERS)
    settings = [{"name": "A", "value": "job"}, {"name": "B", "value": "job"}]
    ground.job(commonEnvironmentSettings=settings)
    container = {"imageName": "reg.io/app:1"}
    ground.task(environmentSettings=[{"name": "B", "value": "task"}], containerSettings=container)
    ground.advance(1)
    launch = ground.programs.launches[-1]
    assert launch.environment == {"A": "job", "B": "task"}
    assert launch.container_configuration is not None
    assert launch.account_url == ground.url


def test_deleting_a_running_job_stops_its_tasks(ground: Ground) -> None:
    """Nothing of a deleted job runs on, and its id is free again afterwards."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(1)
    assert ground.execution.running
    ground.client._delete_job_internal("j")
    assert ground.execution.running == []
    assert refusal(ground.job) == "JobExists"
    assert refusal(ground.client._delete_job_internal, "j") == "JobBeingDeleted"
    ground.advance(timedelta(seconds=2).total_seconds())
    ground.job()
    assert list(ground.client.list_tasks("j")) == []
