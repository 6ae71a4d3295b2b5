"""The ordinary way of a job, from pool to deletion."""

import pytest
from azure.batch import models
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from tests.batch_emulator.ground import Ground


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
    for again, code in ((ground.pool, "PoolExists"), (lambda: ground.job("jOB"), "JobExists")):
        with pytest.raises(ResourceExistsError) as refused:
            again()
        assert refused.value.error.code == code
    with pytest.raises(ResourceExistsError) as refused:
        ground.task("t", "JOB")
    assert refused.value.error.code == "TaskExists"
    assert ground.client.get_job("JOB").id == "Job"


def test_deleted_things_are_gone_a_little_later(ground: Ground) -> None:
    """Jobs and pools are `deleting` first, refuse changes meanwhile, and give 404 at the end."""
    ground.pool()
    ground.job()
    ground.client._delete_job_internal("j")
    ground.client._delete_pool_internal("p")
    assert ground.client.get_job("j").state == "deleting"
    assert ground.client.get_pool("p").state == "deleting"
    with pytest.raises(ResourceExistsError) as refused:
        ground.task()
    assert refused.value.error.code == "JobBeingDeleted"
    ground.advance(5)
    with pytest.raises(ResourceNotFoundError) as gone:
        ground.client.get_job("j")
    assert gone.value.error.code == "JobNotFound"
    with pytest.raises(ResourceNotFoundError):
        ground.client.get_pool("p")


def test_a_tasks_files_can_be_read(ground: Ground) -> None:
    """Files are listed, described and read, whole and in part, under names with spaces and folders."""

    def write(launch: object) -> int:
        folder = ground.execution.task_directory(launch)  # type: ignore[arg-type]
        (folder / "wd" / "out put.txt").write_text("0123456789")
        return 0

    ground.programs.answers["t"] = write
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(2)
    names = {file.name for file in ground.client.list_task_files("j", "t", recursive=True)}
    assert {"stdout.txt", "stderr.txt", "wd", "wd/out put.txt"} == names
    whole = b"".join(ground.client.download_task_file("j", "t", "wd/out put.txt"))
    part = b"".join(ground.client.download_task_file("j", "t", "wd/out put.txt", ocp_range="bytes=2-4"))
    assert (whole, part) == (b"0123456789", b"234")
    assert ground.client.get_task_file_properties("j", "t", "wd/out put.txt").content_length == 10
