"""The ordinary way of a job, from pool to deletion."""

import pytest
from azure.batch import models
from azure.core.exceptions import ResourceNotFoundError

from local.batch_emulator.execution import Launch
from tests.batch_emulator.ground import Ground, refusal


def test_a_job_runs_and_is_counted(ground: Ground) -> None:
    """Tasks that succeed and fail are counted by result, and show exit code, node and failure."""
    ground.pool(nodes=2)
    ground.job()
    ground.programs.answers["bad"] = 3
    for name in ("good", "bad"):
        ground.task(name)
    ground.advance(5)
    counts = ground.client.get_job_task_counts("j").task_counts
    assert (counts.active, counts.completed, counts.succeeded, counts.failed) == (0, 2, 1, 1)
    bad = ground.fate("bad")
    assert bad.state == models.BatchTaskState.COMPLETED
    assert bad.execution_info.exit_code == 3
    assert bad.execution_info.failure_info.code == "FailureExitCode"
    assert bad.node_info.pool_id == "p"
    assert ground.fate("good").execution_info.result == "success"


def test_ids_are_claims_without_case(ground: Ground) -> None:
    """A second create with the same id, in any case, is refused by the code that names the kind."""
    ground.pool()
    ground.job("Job")
    ground.task("T", "Job")
    assert refusal(ground.pool, "P") == "PoolExists"
    assert refusal(ground.job, "jOB") == "JobExists"
    assert refusal(ground.task, "t", "JOB") == "TaskExists"
    assert ground.client.get_job("JOB").id == "Job"


def test_deleted_things_are_gone_a_little_later(ground: Ground) -> None:
    """Jobs and pools are `deleting` first, refuse changes meanwhile, and give 404 at the end."""
    ground.pool()
    ground.job()
    ground.client._delete_job_internal("j")
    ground.client._delete_pool_internal("p")
    assert ground.client.get_job("j").state == "deleting"
    assert ground.client.get_pool("p").state == "deleting"
    assert refusal(ground.task) == "JobBeingDeleted"
    assert refusal(ground.client.disable_pool_auto_scale, "p") == "PoolBeingDeleted"
    ground.advance(5)
    assert refusal(ground.client.get_job, "j") == "JobNotFound"
    assert refusal(ground.client.get_pool, "p") == "PoolNotFound"


def test_a_tasks_files_can_be_read(ground: Ground) -> None:
    """Files are listed, described and read, whole and in part, under names with spaces and folders."""

    def write(launch: Launch) -> int:
        folder = ground.execution.task_directory(launch)
        (folder / "wd" / "out put.txt").write_text("0123456789")
        return 0

    ground.programs.answers["t"] = write
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(2)
    names = {file.name for file in ground.client.list_task_files("j", "t", recursive=True)}
    assert names == {"stdout.txt", "stderr.txt", "wd", "wd/out put.txt"}
    whole = b"".join(ground.client.download_task_file("j", "t", "wd/out put.txt"))
    part = b"".join(ground.client.download_task_file("j", "t", "wd/out put.txt", ocp_range="bytes=2-4"))
    assert (whole, part) == (b"0123456789", b"234")
    assert ground.client.get_task_file_properties("j", "t", "wd/out put.txt").content_length == 10


def test_nothing_outside_a_tasks_folder_can_be_read(ground: Ground) -> None:
    """A path with dots or a link that leads out of the task's folder finds no file."""

    def link(launch: Launch) -> int:
        (ground.execution.task_directory(launch) / "wd" / "link").symlink_to("/etc/hostname")
        return 0

    ground.programs.answers["t"] = link
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(2)
    for path in ("../t2/stdout.txt", "wd/link", "wd/../../../../.."):
        with pytest.raises(ResourceNotFoundError):
            ground.client.download_task_file("j", "t", path)


def test_files_go_with_their_node(ground: Ground) -> None:
    """Once the node has left the pool, its tasks' files are unavailable, and a deleted file is not found."""
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(2)
    ground.client.delete_task_file("j", "t", "stderr.txt")
    assert refusal(ground.client.delete_task_file, "j", "t", "stderr.txt") == "FileNotFound"
    node = ground.nodes()[0].id
    assert any(
        file.name.endswith("j/job-1/t/stdout.txt") for file in ground.client.list_node_files("p", node, recursive=True)
    )
    ground.client._resize_pool_internal("p", models.BatchPoolResizeOptions(target_dedicated_nodes=0))
    ground.advance(5)
    assert refusal(lambda: list(ground.client.list_task_files("j", "t"))) == "TaskFilesUnavailable"


def test_files_live_as_long_as_their_retention(ground: Ground) -> None:
    """A task's files are removed when its retentionTime is over; the task itself stays."""
    ground.pool()
    ground.job()
    ground.task(constraints={"retentionTime": "PT10M"})
    ground.advance(60)
    assert list(ground.client.list_task_files("j", "t"))
    ground.advance(600)
    assert refusal(lambda: list(ground.client.list_task_files("j", "t"))) == "TaskFilesCleanedup"
    assert ground.fate().state == "completed"
