"""Tasks: adding, repeating, ending, reactivating."""

from typing import Any

import pytest
from azure.batch import models

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.execution import Failure, Launch, Outcome
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Settings
from tests.batch_emulator.ground import CONTAINERS, MACHINE, Ground, Programs, refusal


def test_exit_codes_are_repeated(ground: Ground) -> None:
    """A nonzero exit is run again up to maxTaskRetryCount times; the attempt is counted and told to the run."""
    ground.programs.answers["t"] = lambda launch: 0 if launch.attempt == 2 else 7
    ground.programs.answers["u"] = 7
    ground.pool(taskSlotsPerNode=2)
    ground.job(constraints={"maxTaskRetryCount": 1})
    ground.task(constraints={"maxTaskRetryCount": 3})
    ground.task("u")
    ground.advance(30)
    info = ground.fate().execution_info
    assert (info.result, info.retry_count, info.exit_code) == ("success", 2, 0)
    assert info.last_retry_time is not None
    other = ground.fate("u")
    assert (other.execution_info.result, other.execution_info.retry_count) == ("failure", 1)
    assert other.constraints.max_task_retry_count == 1


def test_other_failures_are_not_repeated(ground: Ground) -> None:
    """What fails before or after the command is not run again, and shows its own code, category and details."""
    failure = Failure("usererror", "BlobNotFound", "No such blob", (("BlobSource", "http://x"),))
    ground.programs.answers["t"] = Outcome(None, failure)
    ground.pool()
    ground.job()
    ground.task(constraints={"maxTaskRetryCount": 5})
    ground.advance(3)
    info = ground.fate().execution_info
    assert (info.retry_count, info.exit_code, info.result) == (0, None, "failure")
    found = info.failure_info
    assert (found.category, found.code, found.details[0].name) == ("usererror", "BlobNotFound", "BlobSource")


def test_a_failed_upload_after_a_good_exit_fails_the_task(ground: Ground) -> None:
    """Exit code 0 and a failure of the upload is a failed task, with its container."""
    ground.programs.answers["t"] = Outcome(0, Failure("usererror", "FileUploadMiscError", "no"), "abc")
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(3)
    info = ground.fate().execution_info
    assert (info.exit_code, info.result, info.container_info.container_id) == (0, "failure", "abc")


def test_wall_clock_of_a_task(ground: Ground) -> None:
    """A task that runs too long is stopped and failed, without being repeated."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task(constraints={"maxWallClockTime": "PT1M", "maxTaskRetryCount": 3})
    ground.advance(50)
    assert ground.fate().state == "running"
    ground.advance(20)
    task = ground.fate()
    assert (task.state, task.execution_info.failure_info.code, task.execution_info.retry_count) == (
        "completed",
        "TaskEnded",
        0,
    )
    assert ground.execution.running == []


def test_wall_clock_that_uses_retries(tmp_path: Any) -> None:
    """With the switch for it, a task stopped by its wall clock is run again as after a nonzero exit."""
    programs = Programs()
    programs.default = None
    execution = CallableExecution(programs)
    settings = Settings(tmp_path, wall_clock_retries=True)
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, DrivenClock(), settings=settings)
    with EmulatorServer(emulator, progress=False) as server:
        ground = Ground(server.url, emulator, programs, execution)
        ground.pool()
        ground.job()
        ground.task(constraints={"maxWallClockTime": "PT1M", "maxTaskRetryCount": 1})
        ground.advance(70)
        assert (ground.fate().state, ground.fate().execution_info.retry_count) == ("running", 1)
        ground.advance(70)
        assert ground.fate().execution_info.failure_info.code == "FailureExitCode"


def test_ending_a_task(ground: Ground) -> None:
    """Terminating stops a running task and frees its slot; a waiting one never runs; a completed one refuses."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    for name in ("a", "b", "c"):
        ground.task(name)
    ground.advance(1)
    ground.client.terminate_task("j", "a")
    ground.client.terminate_task("j", "b")
    assert (ground.fate("a").execution_info.exit_code, ground.fate("b").execution_info.exit_code) == (137, None)
    assert refusal(ground.client.terminate_task, "j", "a") == "TaskCompleted"
    ground.advance(1)
    assert ground.fate("c").state == "running"


def test_deleting_a_task(ground: Ground) -> None:
    """A deleted task is gone with its files, its slot is free and the counts forget it."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(1)
    ground.client.delete_task("j", "t")
    assert refusal(ground.client.get_task, "j", "t") == "TaskNotFound"
    assert ground.execution.running == []
    counts = ground.client.get_job_task_counts("j").task_counts
    assert (counts.active, counts.running, counts.completed) == (0, 0, 0)
    assert ground.nodes()[0].state == "idle"


def test_reactivation(ground: Ground) -> None:
    """Only a failed, completed task of a live job runs again, with its retries counted from nothing."""
    ground.programs.answers.update({"t": 5, "good": 0})
    ground.pool(taskSlotsPerNode=2)
    ground.job()
    for name in ("t", "good"):
        ground.task(name, constraints={"maxTaskRetryCount": 1})
    assert refusal(ground.client.reactivate_task, "j", "t") == "TaskNotCompleted"
    ground.advance(10)
    assert ground.fate().execution_info.retry_count == 1
    assert refusal(ground.client.reactivate_task, "j", "good") == "TaskSucceeded"
    ground.programs.answers["t"] = 0
    ground.client.reactivate_task("j", "t")
    task = ground.fate()
    assert (task.state, task.execution_info.retry_count, task.execution_info.result) == ("active", 0, None)
    counts = ground.client.get_job_task_counts("j").task_counts
    assert (counts.active, counts.failed, counts.succeeded) == (1, 0, 1)
    ground.advance(5)
    assert ground.fate().execution_info.result == "success"


def test_constraints_can_be_replaced(ground: Ground) -> None:
    """PUT of a task sets its constraints; those left out go back to their defaults."""
    ground.job()
    ground.task(constraints={"maxTaskRetryCount": 3, "maxWallClockTime": "PT1H"})
    constraints = models.BatchTaskConstraints(max_wall_clock_time="PT2H")
    ground.client.replace_task("j", "t", models.BatchTask(constraints=constraints))
    found = ground.fate().constraints
    assert (found.max_wall_clock_time.total_seconds(), found.max_task_retry_count) == (7200, 0)


def test_many_tasks_at_once(ground: Ground) -> None:
    """A collection answers each task for itself: added, there already, or wrong; so does the SDK's helper."""
    ground.job()
    ground.task("a")
    bodies = [{"id": "a", "commandLine": "x"}, {"id": "b", "commandLine": "x"}, {"id": "c d", "commandLine": "x"}]
    bodies.append({"id": "e", "commandLine": "x", "dependsOn": {"taskIds": ["b"]}})
    result = ground.client.create_task_collection("j", models.BatchTaskGroup({"value": bodies})).result_values
    assert [(each.status, each.error and each.error.code) for each in result] == [
        ("clienterror", "TaskExists"),
        ("success", None),
        ("clienterror", "InvalidPropertyValue"),
        ("clienterror", "NotImplemented"),
    ]
    assert result[1].location.endswith("/jobs/j/tasks/b")
    more = [models.BatchTaskCreateOptions(id=f"t{number}", command_line="x") for number in range(250)]
    ground.client.create_tasks("j", more, max_concurrency=3)
    ground.client.create_tasks("j", more)
    assert ground.client.get_job_task_counts("j").task_counts.active == 252


def test_collections_that_are_too_large(ground: Ground) -> None:
    """More than 100 tasks or more than 1 MB is a 413."""
    ground.job()
    many = {"value": [{"id": f"t{number}", "commandLine": "x"} for number in range(101)]}
    assert refusal(ground.client.create_task_collection, "j", many) == "RequestBodyTooLarge"
    fat = {"value": [{"id": f"t{number}", "commandLine": "x" * 60_000} for number in range(20)]}
    assert refusal(ground.client.create_task_collection, "j", fat) == "RequestBodyTooLarge"
    assert list(ground.client.list_tasks("j")) == []


def test_container_pools_take_container_tasks_only(ground: Ground) -> None:
    """A task needs containerSettings on a container pool and must not have them elsewhere."""
    ground.pool(machine=MACHINE | CONTAINERS)
    ground.pool("plain")
    ground.job()
    ground.job("k", "plain")
    settings = {"imageName": "reg.io/app:1"}
    assert refusal(ground.task) == "MissingRequiredProperty"
    assert refusal(ground.task, "t", "k", containerSettings=settings) == "InvalidPropertyValue"
    ground.task(containerSettings=settings, commandLine="")


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"resourceFiles": [{"httpUrl": "http://x", "storageContainerUrl": "http://y"}]}, "InvalidPropertyValue"),
        ({"resourceFiles": [{"httpUrl": "http://x"}]}, "MissingRequiredProperty"),
        ({"outputFiles": [{"filePattern": "*"}]}, "MissingRequiredProperty"),
        ({"constraints": {"maxTaskRetryCount": -2}}, "InvalidPropertyValue"),
        ({"requiredSlots": 0}, "InvalidPropertyValue"),
        ({"multiInstanceSettings": {"numberOfInstances": 2}}, "NotImplemented"),
        ({"environmentSettings": [{"value": "x"}]}, "MissingRequiredProperty"),
    ],
)
def test_wrong_tasks(ground: Ground, part: dict[str, Any], code: str) -> None:
    """A task with a wrong or unbuilt part is refused by its code."""
    ground.job()
    assert refusal(ground.task, **part) == code


def test_a_task_that_asks_for_too_many_slots_waits_for_ever(ground: Ground) -> None:
    """It stays active and lets others pass."""
    ground.pool()
    ground.job()
    ground.task("wide", requiredSlots=2)
    ground.task()
    ground.advance(5)
    assert (ground.fate("wide").state, ground.fate().state) == ("active", "completed")


def test_a_launch_says_where_and_what(ground: Ground) -> None:
    """The run gets pool, node, folders and the task's own body."""
    ground.pool()
    ground.job()
    ground.task(outputFiles=[])
    ground.advance(1)
    launch: Launch = ground.programs.launches[-1]
    node = ground.nodes()[0]
    assert (launch.kind, launch.pool_id, launch.node_id, launch.dedicated) == ("task", "p", node.id, True)
    assert launch.task["commandLine"] == "run"
    assert launch.node_root.is_dir()
    assert ground.fate().node_info.task_root_directory == "workitems/j/job-1/t"
