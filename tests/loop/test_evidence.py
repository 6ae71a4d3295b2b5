"""What is kept of a job under results: logs of tasks, words of Batch about its nodes, failures by cause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.causes import causes_of, logged, shown
from controller.outcome import FailureRow
from shared.errors import BatchdropError, Conflict, Refused, Vanished
from shared.names import LOGS
from shared.ports import NodeCounts, NodeError, ServiceError
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import VirtualClock
from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import RANGE, number


def loud(container: Container) -> int:
    """Says its number, and fails on three."""
    container.stderr = f"number {container.args[0]}\n" * 20_000
    number(container)
    return int(container.args[0] == "3")


def logs_of(ground: Ground) -> dict[str, bytes]:
    job = ground.status()["jobId"]
    work = ground.world.work
    return {
        item.name.removeprefix(f"{job}/logs/"): ground.blob(f"results/{item.name}")
        for item in work.list("results", f"{job}/logs/")
    }


def test_the_ends_of_failed_tasks_logs_are_kept() -> None:
    """logs: failed, the default: the last 64 KiB, of failed tasks only."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 1}\n")
    ground.settle(loud)
    logs = logs_of(ground)
    assert sorted(logs) == ["t-000003/stderr.txt", "t-000003/stdout.txt"]
    assert len(logs["t-000003/stderr.txt"]) == 64 * 1024


@pytest.mark.parametrize("tolerated", [0, 1])
def test_all_logs_are_kept_whole_where_asked_for(tolerated: int) -> None:
    """logs: all: stdout and stderr of every task, of a job that failed too; they outlive its containers."""
    ground = Ground()
    ground.drop(RANGE + f"logs: all\nfailure: {{tolerated: {tolerated}}}\n")
    ground.settle(loud)
    status, logs = ground.status(), logs_of(ground)
    assert status["state"] == ("succeeded" if tolerated else "failed")
    assert status["links"]["logs"] == f"results/{status['jobId']}/logs/"
    assert sorted(logs) == [f"t-{n:06d}/std{way}.txt" for n in range(5) for way in ("err", "out")]
    assert logs["t-000002/stderr.txt"] == b"number 2\n" * 20_000
    assert logs["t-000003/stderr.txt"] == b"number 3\n" * 20_000
    assert ground.left() == []


def test_a_job_without_any_failure_has_its_logs_too() -> None:
    """logs: all of a job that went well."""
    ground = Ground()
    ground.drop(RANGE + "logs: all\n")
    ground.settle(number)
    assert ground.status()["complete"] is True
    assert len(logs_of(ground)) == 10


def test_what_batch_says_of_nodes_is_kept_before_they_go() -> None:
    """Node, start task and resize errors, one line each, in nodes.jsonl; the status links to it."""
    ground = Ground()
    ground.world.batch.first_nodes = NodeCounts(unusable=1, start_task_failed=1, total=2)
    ground.drop(RANGE)
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    pool.resize_errors = (ServiceError("AccountCoreQuotaReached", "no cores"),)
    pool.node_errors = (
        NodeError("n1", "starttaskfailed", "StartTaskFailure", "exit 1"),
        NodeError("n2", "unusable", "DiskFull", "no space"),
    )
    pool.node_files = {("n1", "startup/stderr.txt"): b"x" * 5000 + b"no such mirror"}
    ground.world.clock.advance(timedelta(seconds=5))
    ground.tick()
    ground.deliver()
    ground.settle(number)
    status = ground.status()
    assert status["failure"]["code"] == "START_TASK"
    lines = [json.loads(line) for line in logs_of(ground)["nodes.jsonl"].splitlines()]
    assert [(line["kind"], line.get("node"), line["code"]) for line in lines] == [
        ("resize", None, "AccountCoreQuotaReached"),
        ("node", "n1", "StartTaskFailure"),
        ("node", "n2", "DiskFull"),
    ]
    assert lines[1]["stderr"].endswith("xno such mirror")
    assert (len(lines[1]["stderr"]), lines[1]["stdout"], lines[2]["stderr"]) == (2000, None, None)
    assert status["links"]["logs"] == f"results/{job}/logs/"


class Slow:
    """A work account that takes ten seconds for each copy."""

    def __init__(self, inner: MemoryBlobs, clock: VirtualClock) -> None:
        self.inner, self.clock = inner, clock
        self.copied = list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def copy(self, source: tuple[str, str], etag: str, target: tuple[str, str], **more: Any) -> str:
        self.clock.advance(timedelta(seconds=10))
        self.copied.append(target[1])
        return self.inner.copy(source, etag, target, **more)


def test_the_logs_of_many_tasks_take_several_passes_and_none_is_copied_twice() -> None:
    """Copied by storage from a cursor on; the result is told once all are there."""
    ground = Ground()
    slow = Slow(ground.world.work, ground.world.clock)
    ground.world = replace(ground.world, ports=replace(ground.world.ports, work=slow))
    ground.drop(RANGE.replace("stop: 5", "stop: 300") + "logs: all\n")
    passes = set[int]()
    for _ in range(40):
        ground.round(loud_and_well)
        passes.add(len(slow.copied))
        if ground.status()["final"]:
            break
    assert ground.status()["state"] == "succeeded"
    assert len(slow.copied) == len(set(slow.copied)) == 300
    assert len(passes) > 4
    assert len(logs_of(ground)) == 600


class Denying:
    """A work account that refuses for good to give the logs of some tasks."""

    def __init__(self, inner: MemoryBlobs, error: BatchdropError, *tasks: str) -> None:
        self.inner, self.error, self.tasks = inner, error, tasks

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def refuse(self, name: str) -> None:
        if name.startswith(tuple(f"{LOGS}/{task}/" for task in self.tasks)):
            raise self.error

    def copy(self, source: tuple[str, str], etag: str, target: tuple[str, str], **more: Any) -> str:
        self.refuse(source[1])
        return self.inner.copy(source, etag, target, **more)

    def stream(self, container: str, name: str, **more: Any) -> Iterator[bytes]:
        self.refuse(name)
        return self.inner.stream(container, name, **more)


def denied(error: BatchdropError, *tasks: str) -> Ground:
    ground = Ground()
    work = Denying(ground.world.work, error, *tasks)
    ground.world = replace(ground.world, ports=replace(ground.world.ports, work=work))
    return ground


FOR_GOOD = [
    Refused("AuthorizationPermissionMismatch", 403, "not for you"),
    Vanished("logs", "it is not version 1 any more"),
    Conflict("the blob is leased"),
]


@pytest.mark.parametrize("error", FOR_GOOD, ids=lambda error: type(error).__name__)
def test_a_log_that_storage_refuses_is_named_and_holds_no_result_up(error: BatchdropError) -> None:
    """logs: all: the job is final, its other logs are there, the warning names the missing ones."""
    ground = denied(error, *(f"t-{n:06d}" for n in range(2, 9)))
    ground.drop(RANGE.replace("stop: 5", "stop: 200") + "logs: all\n")
    ground.settle(loud_and_well)
    status = ground.status()
    assert (status["state"], status["complete"]) == ("succeeded", True)
    (warning,) = status["warnings"]
    assert warning["code"] == "LOGS_MISSING"
    assert "7 logs could not be kept: t-000002/stderr.txt, t-000003/stderr.txt" in warning["message"]
    assert f"t-000006/stderr.txt and 2 more. Storage says: {error}." in warning["message"]
    assert len(logs_of(ground)) == 400 - 7
    assert ground.left() == []


def test_a_failed_task_whose_log_cannot_be_read_is_told_without_it() -> None:
    """logs: failed: neither the verdict nor failed.jsonl waits for what storage refuses."""
    ground = denied(FOR_GOOD[0], "t-000003")
    ground.drop(RANGE + "failure: {tolerated: 1}\n")
    ground.settle(loud)
    status = ground.status()
    assert status["state"] == "succeeded"
    assert [warning["code"] for warning in status["warnings"]] == ["INCOMPLETE", "LOGS_MISSING"]
    (row,) = ground.blob(status["links"]["failed"]).splitlines()
    assert json.loads(row)["stderrTail"] is None
    assert sorted(logs_of(ground)) == ["t-000003/stdout.txt"]


def test_logs_whose_container_was_deleted_are_told_as_gone() -> None:
    """Somebody deletes the output container once the result is merged: the job becomes final and says so."""
    ground = Ground()
    work = ground.world.work
    ground.drop(RANGE + "logs: all\n")
    copy = work.copy

    def deleting(*args: Any, **more: Any) -> str:
        work.delete_container(f"{ground.status()['jobId']}-output")
        return copy(*args, **more)

    work.copy = deleting  # type: ignore[method-assign]  # the store itself loses the container under the reader
    ground.settle(loud_and_well)
    status = ground.status()
    assert (status["state"], status["final"]) == ("succeeded", True)
    (warning,) = status["warnings"]
    assert "was deleted: logs that were not copied by then are gone" in warning["message"]
    assert ground.left() == []


def test_a_batch_account_that_refuses_everything_holds_no_result_up() -> None:
    """Neither the end of the job nor words about its nodes are worth waiting for; clean-up goes on."""
    ground = Ground()
    ground.drop(RANGE)
    ground.run_tasks(number)
    refused = Refused("AuthenticationFailed", 403, "the key was rotated")
    ground.world.batch.fail_next("terminate_job", refused, times=3)
    ground.world.batch.fail_next("node_errors", refused, times=3)
    ground.world.batch.fail_next("delete_pool", refused, times=2)
    for _ in range(3):
        ground.round(number)
    status = ground.status()
    assert (status["state"], status["final"], status["failure"]) == ("succeeded", True, None)
    ground.settle(number)
    assert ground.left() == []


def loud_and_well(container: Container) -> None:
    container.stderr = "a word\n"
    number(container)


def a_row(index: int, reason: str = "EXIT_CODE", code: int | None = 1, runs: int | None = 4) -> FailureRow:
    return FailureRow(index, index * 10, 10, reason, code, runs, f"ended with {code}")


ROWS = [*(a_row(n) for n in range(300)), a_row(300, code=137), a_row(301, "REPORTED", 0, None), a_row(302)]


def test_a_rare_cause_is_not_hidden_by_a_frequent_one() -> None:
    """Of 20 listed failures each cause has one, and its log is among the 100 that are kept."""
    listed = [row.index for row in shown(ROWS)]
    assert listed == [*range(18), 300, 301]
    assert logged(ROWS, every=False) == {*range(99), 300}
    assert logged(ROWS, every=True) == {*range(98), 300, 301}


def test_failures_are_counted_by_cause() -> None:
    """The cause that cost most units first, with its first task."""
    found = [(c["reason"], c["exitCode"], c["tasks"], c["units"], c["first"]) for c in causes_of(ROWS)]
    assert found == [
        ("EXIT_CODE", 1, 301, 3010, "t-000000"),
        ("EXIT_CODE", 137, 1, 10, "t-000300"),
        ("REPORTED", 0, 1, 10, "t-000301"),
    ]


def silent(container: Container) -> None:
    container.stderr = "nothing found\n"


def test_logs_of_a_task_that_ended_well_and_left_nothing_are_named_where_they_are_kept() -> None:
    """With logs: all they are linked, and the end of stderr is shown; without, the next step says how to get them."""
    for logs, shown_tail in (("all", "nothing found\n"), ("failed", None)):
        ground = Ground()
        ground.drop(RANGE + f"logs: {logs}\n")
        ground.settle(silent)
        status = ground.status()
        job, failure = status["jobId"], status["failure"]
        first = ground.result(job)["failures"][0]
        assert (first["reason"], first["stderrTail"]) == ("MISSING_OUTPUT", shown_tail)
        assert first["logs"] == (f"results/{job}/logs/t-000000/" if shown_tail else None)
        assert "logs: all" in failure["next"]
        if shown_tail:
            assert ground.blob(first["logs"] + "stderr.txt") == b"nothing found\n"


def test_one_is_one_and_a_time_limit_is_told_by_its_field() -> None:
    """A run that limits.taskTimeout ended: that field and what to do about it; one unit is no units."""
    ground = Ground()
    ground.drop("version: 1\ncontainer: {image: 'localhost/demo:1'}\ninput: {range: {stop: 1}}\n")
    over = TaskEnd(137, "usererror", "TaskEnded", "The task was ended because it exceeded its maxWallClockTime.")
    ground.settle(lambda _: over)
    failure = ground.status()["failure"]
    assert failure["message"].startswith(
        "1 unit failed, 0 are tolerated. First: task t-000000, limits.taskTimeout was over (TaskEnded: The task was"
    )
    assert failure["next"].startswith("Raise limits.taskTimeout")
