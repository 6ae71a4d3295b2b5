"""canary: true: one node, one task first, and the rest only when that has ended well."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container, Ground, Program
from tests.loop.test_jobs import RANGE, number

CANARY = RANGE + "canary: true\n"


def tried(manifest: str, program: Program, rounds: int = 3) -> tuple[Ground, list[str]]:
    """What has run after a few rounds in which one task a round may."""
    ground, seen = Ground(), list[str]()

    def watched(container: Container) -> int | TaskEnd | None:
        seen.append(container.args[0])
        return program(container)

    ground.drop(manifest)
    for _ in range(rounds):
        ground.round(watched, most=1, step=timedelta(seconds=31))
    return ground, seen


def test_the_rest_follows_when_the_canary_has_ended_well() -> None:
    """One node and one task; then the formula of all, all tasks, and one whole result."""
    ground = Ground()
    ground.drop(CANARY)
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    assert sorted(ground.world.batch.jobs[job].tasks) == ["t-000000"]
    assert "min(1," in pool.formula
    ground.world.clock.advance(timedelta(minutes=1))
    ground.tick()
    assert sorted(ground.world.batch.jobs[job].tasks) == ["t-000000"]
    ground.round(number)
    ground.round(number, most=0)
    assert len(ground.world.batch.jobs[job].tasks) == 5
    assert "min(10," in pool.formula
    assert "$TargetLowPriorityNodes = max" in pool.formula
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["complete"]) == ("succeeded", True)
    assert ground.blob(status["links"]["result"]) == b"0\n1\n2\n3\n4\n"
    assert ground.left() == []


@pytest.mark.parametrize("extra", ["", 'failure: {tolerated: "100%"}\n'])
def test_a_canary_that_fails_ends_the_job_with_its_own_reason(extra: str) -> None:
    """After its retries, whatever is tolerated: no other task is ever started."""
    ground, seen = tried(CANARY + extra, lambda _: 9)
    assert seen == ["0"] * 4
    ground.settle(number)
    status = ground.status()
    failure = status["failure"]
    assert (status["state"], failure["code"], failure["task"]) == ("failed", "TASKS_FAILED", "t-000000")
    assert failure["message"].startswith("The canary, task t-000000, failed: the program ended with 9 after 4 runs.")
    units = status["units"]
    assert (units["failed"], units["notRun"], units["pending"]) == (1, 4, 0)
    assert ground.world.batch.pools == {}


def test_a_canary_that_leaves_no_output_ends_the_job() -> None:
    """Exit code 0 is not enough: all the others would leave nothing as well."""
    ground, seen = tried(CANARY, lambda _: None)
    assert seen == ["0"]
    ground.settle(number)
    assert "left no file" in ground.status()["failure"]["message"]
    rows = [json.loads(line) for line in ground.blob(ground.status()["links"]["failed"]).splitlines()]
    assert [row["reason"] for row in rows] == ["MISSING_OUTPUT"] + ["NOT_RUN"] * 4


def test_a_canary_whose_report_does_not_hold_ends_the_job() -> None:
    """BATCHDROP_FAILED_PATH is read of the canary as of all others."""

    def program(container: Container) -> None:
        number(container)
        container.report({"unit": 5})

    ground, seen = tried(CANARY, program)
    assert seen == ["0"]
    ground.settle(number)
    assert "report names unit 5" in ground.status()["failure"]["message"]


def test_a_canary_that_reports_more_than_is_tolerated_ends_the_job() -> None:
    """Its own word on its units counts like that of any other task."""

    def program(container: Container) -> None:
        number(container)
        container.report({"unit": 0, "error": "no model"})

    ground, seen = tried(CANARY, program)
    assert seen == ["0"]
    ground.settle(number)
    assert "reports 1 failed units, 0 are tolerated: no model" in ground.status()["failure"]["message"]
    assert (ground.status()["units"]["failed"], ground.status()["units"]["notRun"]) == (1, 4)


@pytest.mark.parametrize(("code", "state", "runs"), [(2, "failed", 1), (3, "succeeded", 1)])
def test_exit_rules_hold_for_the_canary(code: int, state: str, runs: int) -> None:
    """A code of stopOn is STOPPED_ON; a unit that is skipped says nothing against the others."""
    ground, seen = tried(
        CANARY + "failure: {stopOn: [2], skipOn: [3]}\n", lambda c: code if c.args[0] == "0" else number(c), rounds=1
    )
    ground.settle(number)
    status = ground.status()
    assert (status["state"], len(seen)) == (state, runs)
    if code == 2:
        assert status["failure"]["code"] == "STOPPED_ON"
    else:
        assert (status["units"]["skipped"], status["units"]["merged"]) == (1, 4)


def test_a_canary_that_the_platform_broke_runs_again() -> None:
    """Reactivated alone; the others wait on."""
    ends: list[TaskEnd | None] = [TaskEnd(None, "servererror", "DiskFull", "no space")]

    def program(container: Container) -> TaskEnd | None:
        return ends.pop() if ends else number(container)

    ground, seen = tried(CANARY, program, rounds=2)
    assert seen == ["0", "0"]
    ground.settle(number)
    assert (ground.status()["state"], ground.status()["complete"]) == ("succeeded", True)


def test_the_canary_of_a_retry_is_the_first_task_that_runs_again() -> None:
    """canary is that of the retried job; rows that are done already are no canary."""
    ground = Ground()
    ground.drop(CANARY + 'failure: {tolerated: "60%"}\n')
    while not ground.status()["final"]:
        ground.round(lambda c: 1 if c.args[0] in ("2", "4") else number(c))
    ground.drop(ground.blob(ground.status()["links"]["retry"]), "again.yaml")
    job = ground.status("again.yaml")["jobId"]
    assert sorted(ground.world.batch.jobs[job].tasks) == ["t-000002"]
    ground.settle(number)
    status = ground.status("again.yaml")
    assert (status["state"], status["complete"], status["attempts"]["runs"]) == ("succeeded", True, 2)
    assert ground.blob(status["links"]["result"]) == b"0\n1\n2\n3\n4\n"


def test_a_canary_of_one_task_is_the_whole_job() -> None:
    """Nothing to open, nothing to add."""
    ground = Ground()
    ground.drop(CANARY.replace("stop: 5", "stop: 1"))
    ground.settle(number)
    assert ground.status()["complete"] is True
    assert ground.world.batch.calls["autoscale"] == 0


@pytest.mark.parametrize("moment", [0, 1, 2])
def test_a_cancel_while_the_canary_runs_ends_the_job(moment: int) -> None:
    """Before, while and after it was tried: cancelled, nothing left."""
    ground = Ground()
    ground.drop(CANARY)
    for _ in range(moment):
        ground.round(number, most=1)
    ground.world.clock.advance(timedelta(seconds=31))
    ground.drop("", "job.yaml.cancel")
    ground.sweep()
    ground.settle(number)
    status = ground.status()
    units = status["units"]
    assert status["state"] == "cancelled"
    rows = [json.loads(line) for line in ground.blob(status["links"]["failed"]).splitlines()]
    assert {row["reason"] for row in rows} == {"CANCELLED"}
    assert len(rows) == units["notRun"]
    assert units["total"] == sum(units[k] for k in ("merged", "pending", "failed", "skipped", "notRun")) == 5
    assert ground.left() == []
