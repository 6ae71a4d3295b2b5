"""Exit codes that mean something: stopOn ends the job, skipOn leaves units out, the others run again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Transient
from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container, Ground, Program
from tests.loop.test_jobs import LINES, RANGE, number


def ends_with(codes: dict[str, int]) -> Program:
    """Tasks by their number: the code they end with; the others write it."""

    def program(container: Container) -> int:
        code = codes.get(container.args[0], 0)
        if code == 0:
            number(container)
        container.stderr = f"code {code}\n"
        return code

    return program


def rows_of(ground: Ground) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ground.blob(ground.status()["links"]["failed"]).splitlines()]


def units_of(ground: Ground) -> tuple[int, ...]:
    units = ground.status()["units"]
    assert units["total"] == sum(units[k] for k in ("merged", "pending", "failed", "skipped", "notRun"))
    return tuple(units[k] for k in ("merged", "failed", "skipped", "notRun"))


@pytest.mark.parametrize("tolerated", ["0", '"100%"'])
def test_a_code_of_stop_on_ends_the_job_at_once(tolerated: str) -> None:
    """Whatever is tolerated: failed STOPPED_ON, naming task and code; what had not run has not run."""
    ground = Ground()
    ground.drop(RANGE + f"failure: {{tolerated: {tolerated}, stopOn: [2]}}\n")
    ground.run_tasks(ends_with({"1": 2}), 2)
    ground.round(number, most=0)
    ground.settle(number)
    status = ground.status()
    failure = status["failure"]
    assert (status["state"], failure["code"], failure["task"]) == ("failed", "STOPPED_ON", "t-000001")
    assert (failure["evidence"]["exitCode"], failure["evidence"]["stderr"]) == (2, "code 2\n")
    assert "stopOn" in failure["message"]
    assert units_of(ground) == (0, 1, 0, 3)
    assert [row["reason"] for row in rows_of(ground)] == ["EXIT_CODE", "NOT_RUN", "NOT_RUN", "NOT_RUN"]
    assert ground.left() == []


def test_a_code_of_stop_on_is_seen_at_the_very_end_too() -> None:
    """The end of a job does not depend on when its controller looked."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 5, stopOn: [2]}\n")
    ground.settle(ends_with({"1": 2, "3": 7}))
    assert ground.status()["failure"]["code"] == "STOPPED_ON"
    assert units_of(ground) == (0, 2, 0, 0)


def test_skipped_units_are_left_out_and_need_no_tolerance() -> None:
    """skipOn: succeeded and not complete, counted apart, with rows, a warning and a retry that runs them again."""
    ground = Ground()
    ground.drop(RANGE + "failure: {skipOn: [3, 4]}\nretention: {otherwise: P3D}\n")
    ground.round(ends_with({"1": 3, "4": 4}))
    ground.round(number)
    while not ground.status()["final"]:
        ground.round(number)
    status = ground.status()
    assert (status["state"], status["complete"], status["failure"]) == ("succeeded", False, None)
    assert ground.blob(status["links"]["result"]) == b"0\n2\n3\n"
    assert units_of(ground) == (3, 0, 2, 0)
    assert (status["tasks"]["skipped"], status["attempts"]["runs"]) == (2, 5)
    assert [(w["code"], "2 of 5 units were skipped" in w["message"]) for w in status["warnings"]] == [
        ("INCOMPLETE", True)
    ]
    rows = rows_of(ground)
    assert [(row["task"], row["reason"], row["exitCode"], row["runs"]) for row in rows] == [
        ("t-000001", "SKIPPED", 3, 1),
        ("t-000004", "SKIPPED", 4, 1),
    ]
    assert ground.blob(rows[0]["logs"] + "stderr.txt") == b"code 3\n"
    ground.drop(ground.blob(status["links"]["retry"]), "again.yaml")
    ground.settle(number)
    assert ground.blob(ground.status("again.yaml")["links"]["result"]) == b"0\n1\n2\n3\n4\n"
    assert ground.status("again.yaml")["complete"] is True


def test_all_units_skipped_is_an_empty_result() -> None:
    """Nothing failed: succeeded, with nothing in it."""
    ground = Ground()
    ground.drop(RANGE + "failure: {skipOn: [3]}\n")
    ground.settle(ends_with(dict.fromkeys("01234", 3)))
    status = ground.status()
    assert (status["state"], status["complete"]) == ("succeeded", False)
    assert ground.blob(status["links"]["result"]) == b""
    assert units_of(ground) == (0, 0, 5, 0)


def test_skipped_units_do_not_count_against_the_tolerance() -> None:
    """Two skipped, one failed, one tolerated: succeeded."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 1, skipOn: [3]}\n")
    ground.settle(ends_with({"0": 3, "1": 3, "2": 9}))
    assert ground.status()["state"] == "succeeded"
    assert units_of(ground) == (2, 1, 2, 0)
    (warning,) = ground.status()["warnings"]
    assert "1 of 5 units failed or did not run (tolerated: 1), 2 were skipped" in warning["message"]


@pytest.mark.parametrize(("limit", "runs"), [(0, 1), (2, 3), (3, 4)])
def test_other_codes_run_again_as_often_as_without_exit_rules(limit: int, runs: int) -> None:
    """Batch repeats nothing then; the controller sends them out again, and counts."""
    ground = Ground()
    ground.drop(RANGE + f"failure: {{stopOn: [2]}}\nlimits: {{maxTaskRetryCount: {limit}}}\n")
    seen: list[str] = []

    def program(container: Container) -> int:
        assert container.spec.max_retries == 0
        seen.append(container.args[0])
        return ends_with({"3": 9})(container)

    ground.settle(program)
    assert seen.count("3") == runs
    status = ground.status()
    assert (status["failure"]["code"], status["failure"]["evidence"]["runs"]) == ("TASKS_FAILED", runs)
    assert (status["attempts"]["runs"], status["attempts"]["retries"]) == (4 + runs, runs - 1)


def test_a_task_that_mends_itself_when_it_runs_again_is_merged() -> None:
    """A code that no rule names is no verdict on its units."""
    ground = Ground()
    ground.drop(RANGE + "failure: {skipOn: [3]}\n")
    tries: list[int] = []

    def program(container: Container) -> int:
        if container.args[0] == "2" and len(tries) < 3:
            tries.append(1)
            return 1
        number(container)
        return 0

    ground.settle(program)
    assert (ground.status()["state"], ground.status()["complete"]) == ("succeeded", True)
    assert units_of(ground) == (5, 0, 0, 0)


def test_failures_of_the_platform_are_counted_apart_from_exit_codes() -> None:
    """Three times the platform and as often as the limit says the program: seven runs."""
    ground = Ground()
    ground.drop(RANGE + "failure: {stopOn: [2]}\nlimits: {maxTaskRetryCount: 3}\n")
    broken = TaskEnd(None, "servererror", "DiskFull", "no space")
    ends: list[Any] = [broken, 1, broken, 1, broken, 1, 1]
    ran: list[int] = []

    def program(container: Container) -> Any:
        if container.args[0] != "2":
            return number(container)
        ran.append(1)
        return ends[len(ran) - 1]

    ground.settle(program)
    assert len(ran) == 7
    failure = ground.status()["failure"]
    assert (failure["code"], failure["task"], failure["evidence"]["runs"]) == ("TASKS_FAILED", "t-000002", 7)


@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer lost"])
def test_trouble_with_sending_out_again_uses_up_no_run(after: bool) -> None:
    """Ten busy answers of the service are no ten runs: the limit counts what ran."""
    ground = Ground()
    ground.drop(RANGE + "failure: {stopOn: [2]}\nlimits: {maxTaskRetryCount: 1}\n")
    ground.world.batch.fail_next("reactivate", Transient("busy"), times=10, after=after)
    seen: list[str] = []

    def program(container: Container) -> int:
        seen.append(container.args[0])
        return ends_with({"3": 9} if seen.count("3") == 1 else {})(container)

    ground.settle(program)
    assert seen.count("3") == 2
    assert ground.status()["complete"] is True


def test_what_a_look_did_not_get_to_runs_again_at_the_next_one() -> None:
    """Of three failed tasks one was sent out when the service got busy: the others need not wait for the job's end."""
    ground = Ground()
    ground.drop(RANGE.replace("stop: 5", "stop: 9") + "failure: {stopOn: [2]}\n")
    ground.run_tasks(ends_with({"0": 9, "1": 9, "2": 9}), 3)
    (job,) = ground.open_jobs()
    tasks = ground.world.batch.jobs[job].tasks
    ground.world.batch.fail_next("reactivate", Transient("busy", timedelta(seconds=1)), after=True)
    for _ in range(3):
        ground.round(number, most=0)
    assert [task_id for task_id, task in tasks.items() if task.end] == []
    ground.settle(number)
    assert (ground.status()["complete"], ground.status()["attempts"]["runs"]) == (True, 12)


def test_reading_many_failures_reads_the_ledger_once() -> None:
    """One shard of rows, 200 failed tasks: no read for each."""
    ground = Ground()
    ground.drop(RANGE.replace("stop: 5", "stop: 300") + 'failure: {tolerated: "90%", skipOn: [3]}\n')
    failing = ends_with(dict.fromkeys(map(str, range(100)), 3) | dict.fromkeys(map(str, range(100, 200)), 7))
    ground.run_tasks(failing, 250)
    before = ground.world.control.calls["read"]
    for _ in range(3):
        ground.round(number, most=0)
    assert ground.world.control.calls["read"] - before < 100
    assert ground.status()["tasks"]["skipped"] == 100
    ground.settle(failing)
    assert units_of(ground) == (100, 100, 100, 0)


def test_a_task_that_its_time_limit_ended_has_no_code_of_its_own() -> None:
    """137 by the clock is not the program's 137: no rule applies, it does not run again."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 1, stopOn: [137]}\n")
    late = TaskEnd(137, "usererror", "TaskEnded", "the task exceeded its wall clock time")
    ground.settle(lambda c: late if c.args[0] == "2" else number(c))
    assert ground.status()["state"] == "succeeded"
    assert [row["reason"] for row in rows_of(ground)] == ["TASK_TIMEOUT"]


def test_while_it_runs_the_status_tells_skipped_and_failed_apart() -> None:
    """Tasks and units: the sum holds at every look."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 2, skipOn: [3]}\nlimits: {maxTaskRetryCount: 0}\n")
    ground.run_tasks(ends_with({"0": 3, "1": 9}), 3)
    for _ in range(3):
        ground.round(number, most=0)
    tasks = ground.status()["tasks"]
    assert (tasks["failed"], tasks["skipped"], tasks["succeeded"], tasks["pending"]) == (1, 1, 1, 2)
    assert units_of(ground) == (0, 1, 1, 0)


def test_a_skipped_task_holds_all_its_units() -> None:
    """Units, not tasks: three lines each."""
    ground = Ground()
    ground.put("data/big.txt", "".join(f"{n}\n" for n in range(9)))
    ground.drop(LINES + "failure: {skipOn: [3]}\n")

    def program(container: Container) -> int:
        if b"4" in container.read():
            return 3
        container.write(container.read())
        return 0

    ground.settle(program)
    assert units_of(ground) == (6, 0, 3, 0)
    assert rows_of(ground)[0]["units"] == {"first": 3, "count": 3}


def test_what_an_exit_code_means_is_told() -> None:
    """137, 139, 143, 126 and 127 in plain words, grouped by cause, the dearest cause first."""
    codes = {"0": 137, "1": 139, "2": 143, "3": 126, "4": 127, "5": 127, "6": 1}
    ground = Ground()
    ground.drop(RANGE.replace("stop: 5", "stop: 8") + "failure: {tolerated: 7}\n")
    ground.settle(ends_with(codes))
    said = {row["exitCode"]: row["message"] for row in rows_of(ground)}
    assert said[137] == "killed (137), most likely out of memory"
    assert "memory that is not its own" in said[139]
    assert "asked to end" in said[143]
    assert "cannot be executed" in said[126]
    assert "not found in the image" in said[127]
    assert said[1] == "the program ended with 1"
    result = ground.result(ground.status()["jobId"])
    causes = [(c["reason"], c["exitCode"], c["tasks"], c["units"], c["first"]) for c in result["causes"]]
    assert causes[0] == ("EXIT_CODE", 127, 2, 2, "t-000004")
    assert len(causes) == 6


def test_a_retry_that_is_skipped_takes_nothing_away() -> None:
    """One of three units had failed in a task; its second run says skip: the first one's output counts as before."""
    ground = Ground()
    ground.put("data/big.txt", "".join(f"{n}\n" for n in range(9)))
    ground.drop(LINES + "failure: {tolerated: 1}\n")

    def program(container: Container) -> int:
        if "AGAIN" in container.env:
            return 3
        container.write(container.read())
        if b"4" in container.read():
            container.report({"unit": 1, "error": "no good"})
        return 0

    while not ground.status()["final"]:
        ground.round(program)
    retry = ground.blob(ground.status()["links"]["retry"]).decode()
    again = 'container: {environment: {AGAIN: "1"}}\nfailure: {skipOn: [3]}\n'
    ground.drop(retry + again, "again.yaml")
    ground.settle(program)
    status = ground.status("again.yaml")
    assert (status["state"], status["units"]["merged"], status["units"]["failed"]) == ("succeeded", 8, 1)
    assert ground.blob(status["links"]["result"]) == "".join(f"{n}\n" for n in range(9)).encode()
