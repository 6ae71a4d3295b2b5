"""What is kept of a job under results: logs of tasks, words of Batch about its nodes, failures by cause."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.causes import causes_of, logged, shown
from controller.outcome import FailureRow
from shared.ports import NodeCounts, NodeError, ServiceError
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import VirtualClock
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
    kept = logged(ROWS)
    assert kept == {*range(99), 300}


def test_failures_are_counted_by_cause() -> None:
    """The cause that cost most units first, with its first task."""
    found = [(c["reason"], c["exitCode"], c["tasks"], c["units"], c["first"]) for c in causes_of(ROWS)]
    assert found == [
        ("EXIT_CODE", 1, 301, 3010, "t-000000"),
        ("EXIT_CODE", 137, 1, 10, "t-000300"),
        ("REPORTED", 0, 1, 10, "t-000301"),
    ]
