"""Whole jobs on the ports in memory: what a person drops, and what he reads and finds afterwards."""

from __future__ import annotations

import json

import pytest

from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container, Ground

RANGE = """
version: 1
container: {image: "localhost/demo:1", args: ["$(BATCHDROP_UNIT_START)"]}
input: {range: {stop: 5}}
"""
ITEMS = """
version: 1
name: items
container: {image: "localhost/demo:1"}
input: {items: [{a: 1}, "zwei", 3.5, null]}
split: {unitsPerTask: 2}
merge: {by: lines}
"""
LINES = """
version: 1
container: {image: "localhost/demo:1", args: [-i, $(INPUT_PATH), -o, $(OUTPUT_PATH), -c, $(CONFIG_PATH)]}
config: {scale: 2}
input: {blob: data/big.txt}
split: {by: lines, unitsPerTask: 3}
output: {name: out.txt}
merge: {by: lines, to: "results/{name}-{jobId}.txt"}
"""
BLOBS = """
version: 1
container: {image: "localhost/demo:1"}
input: {blobs: "data/in/*.txt"}
output: {name: "{stem}.out"}
merge: {by: files}
"""


def number(container: Container) -> None:
    """Writes its first number."""
    container.write(container.args[0].encode() + b"\n")


def copy(container: Container) -> None:
    container.write(container.read())


def test_a_range_runs_to_one_result_in_order() -> None:
    """Numbers come by environment; outputs are joined in ledger order; nothing is left and the receipt says so."""
    ground = Ground()
    ground.drop(RANGE)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["final"], status["complete"]) == ("succeeded", True, True)
    assert ground.blob(status["links"]["result"]) == b"0\n1\n2\n3\n4\n"
    assert status["cleanup"] == {"state": "done", "remaining": []}
    assert status["units"] == {
        "kind": "numbers",
        "total": 5,
        "merged": 5,
        "pending": 0,
        "failed": 0,
        "skipped": 0,
        "notRun": 0,
    }
    assert ground.left() == []
    receipt = json.loads(ground.blob(f"results/{status['jobId']}/receipt.json"))
    assert {item["kind"] for item in receipt["deleted"]} == {"job", "pool", "container"}
    assert receipt["remaining"] == []


def test_the_result_appears_once_and_only_at_the_end() -> None:
    """result.json is absent until the state is final, and never changed afterwards."""
    ground = Ground()
    ground.drop(RANGE)
    job = ground.status()["jobId"]
    assert ground.world.work.read("results", f"{job}/result.json") is None
    ground.settle(number)
    result = ground.result(job)
    assert (result["state"], result["complete"]) == ("succeeded", True)
    assert result["result"]["bytes"] == 10
    before = ground.world.work.head("results", f"{job}/result.json")
    ground.event()
    ground.tick()
    assert ground.world.work.head("results", f"{job}/result.json") == before


def test_items_arrive_as_json_lines() -> None:
    """Each task reads its units as input.jsonl."""
    ground = Ground()
    ground.drop(ITEMS)
    ground.settle(copy)
    lines = [json.loads(line) for line in ground.blob(ground.status()["links"]["result"]).splitlines()]
    assert lines == [{"a": 1}, "zwei", 3.5, None]


def test_a_sweep_gives_every_combination_last_key_fastest() -> None:
    """Combinations are objects, delivered by environment where asked."""
    ground = Ground()
    ground.drop(
        """
version: 1
container: {image: "localhost/demo:1"}
input: {sweep: {a: [1, 2], b: [x, y]}, deliver: environment}
merge: {by: lines}
"""
    )
    ground.settle(lambda c: c.write(c.env["BATCHDROP_UNIT"].encode()))
    lines = [json.loads(line) for line in ground.blob(ground.status()["links"]["result"]).splitlines()]
    assert lines == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]


def test_a_blob_is_cut_by_lines_and_config_is_a_file() -> None:
    """Lines come out as they went in; the inline config is read as JSON."""
    ground = Ground()
    text = "".join(f"line {n}\n" for n in range(10))
    ground.put("data/big.txt", text)
    ground.drop(LINES)

    def program(container: Container) -> None:
        assert container.args[:2] == ["-i", container.env["INPUT_PATH"]]
        assert json.loads(container.files[container.env["CONFIG_PATH"]]) == {"scale": 2}
        container.write(container.read())

    ground.settle(program)
    status = ground.status()
    assert status["links"]["result"] == f"results/job-{status['jobId']}.txt"
    assert ground.blob(status["links"]["result"]).decode() == text
    assert status["units"]["kind"] == "lines"
    assert status["tasks"]["total"] == 4


def test_blobs_keep_their_names_and_become_files() -> None:
    """One task a blob; INPUT_PATH has the blob's own name; outputs are published one by one."""
    ground = Ground()
    for name in ("b", "a", "c"):
        ground.put(f"data/in/{name}.txt", name)
    ground.put("data/in/deeper/d.txt", "not matched")
    ground.drop(BLOBS)
    seen = []

    def program(container: Container) -> None:
        seen.append(container.env["INPUT_PATH"])
        copy(container)

    ground.settle(program)
    assert seen == [f"/batchdrop/input/{name}.txt" for name in "abc"]
    assert ground.status()["state"] == "succeeded"


def test_a_task_that_fails_for_ever_fails_the_job_and_is_named() -> None:
    """After its retries the job ends failed with task, exit code, the end of stderr; only what retention says stays."""
    ground = Ground()
    ground.drop(RANGE)

    def program(container: Container) -> int:
        if container.args[0] == "3":
            container.stderr = "cannot lift 3\n"
            return 7
        number(container)
        return 0

    ground.round(program)
    ground.settle(program)
    status = ground.status()
    assert (status["state"], status["complete"], status["failure"]["code"]) == ("failed", False, "TASKS_FAILED")
    assert status["failure"]["task"] == "t-000003"
    assert status["failure"]["evidence"]["exitCode"] == 7
    assert status["failure"]["evidence"]["runs"] == 4
    assert "cannot lift 3" in status["failure"]["evidence"]["stderr"]
    assert status["units"]["merged"] == 0
    rows = [json.loads(line) for line in ground.blob(status["links"]["failed"]).splitlines()]
    assert [(r["task"], r["reason"], r["exitCode"], r["runs"]) for r in rows] == [("t-000003", "EXIT_CODE", 7, 4)]
    assert b"cannot lift 3" in ground.blob(rows[0]["logs"] + "stderr.txt")
    assert ground.left() == []


def test_failures_within_tolerance_end_incomplete_and_say_so() -> None:
    """Tolerated units are left out, the rest is merged, the sum adds up."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 1}\n")
    ground.settle(lambda c: 1 if c.args[0] == "3" else number(c))
    status = ground.status()
    assert (status["state"], status["complete"]) == ("succeeded", False)
    assert ground.blob(status["links"]["result"]) == b"0\n1\n2\n4\n"
    assert [w["code"] for w in status["warnings"]] == ["INCOMPLETE"]
    assert (status["units"]["merged"], status["units"]["failed"]) == (4, 1)


def test_units_that_a_good_task_reports_are_failed_and_no_others() -> None:
    """BATCHDROP_FAILED_PATH fails single units; failed.jsonl has their job-wide index."""
    ground = Ground()
    ground.put("data/big.txt", "".join(f"{n}\n" for n in range(9)))
    ground.drop(LINES + 'failure: {tolerated: "20%"}\n')

    def program(container: Container) -> None:
        copy(container)
        if b"4" in container.read():
            container.report({"unit": 1, "error": "no good"})

    ground.settle(program)
    status = ground.status()
    assert (status["state"], status["units"]["merged"], status["units"]["failed"]) == ("succeeded", 8, 1)
    rows = [json.loads(line) for line in ground.blob(status["links"]["failed"]).splitlines()]
    assert [(r["units"], r["reason"], r["message"]) for r in rows] == [
        ({"first": 4, "count": 1}, "REPORTED", "no good")
    ]


@pytest.mark.parametrize(("tolerated", "ran"), [(0, 1), (1, 2), (5, 5)])
def test_reported_units_end_a_job_early_like_failed_tasks(tolerated: int, ran: int) -> None:
    """As soon as more are reported than are tolerated no other task is started."""
    ground = Ground()
    ground.drop(RANGE + f"failure: {{tolerated: {tolerated}}}\n")
    seen: list[str] = []

    def program(container: Container) -> None:
        seen.append(container.args[0])
        number(container)
        container.report({"unit": 0, "error": "no good"})

    for _ in range(8):
        ground.round(program, most=1)
    ground.settle(program)
    assert len(seen) == ran
    status = ground.status()
    assert (status["units"]["failed"], status["units"]["notRun"]) == (ran, 5 - ran)
    assert status["state"] == ("succeeded" if tolerated == 5 else "failed")
    if tolerated < 5:
        units, are = "unit" if ran == 1 else "units", "is" if tolerated == 1 else "are"
        start = f"{ran} {units} failed, {tolerated} {are} tolerated. First: task t-000000, no good"
        assert status["failure"]["message"].startswith(start)


@pytest.mark.parametrize("row", ['{"unit": 99}', "nonsense", '{"unit": true}'])
def test_a_report_that_does_not_hold_fails_its_whole_task(row: str) -> None:
    """A row that is no unit of the task, or a broken line, fails closed."""
    ground = Ground()
    ground.drop(RANGE)

    def program(container: Container) -> None:
        number(container)
        if container.args[0] == "2":
            container.report(row)

    ground.settle(program)
    failure = ground.status()["failure"]
    assert failure["code"] == "TASKS_FAILED"
    assert "report" in failure["message"]


def test_a_missing_output_is_always_a_failure() -> None:
    """A task that ends with 0 and leaves nothing has failed, by name."""
    ground = Ground()
    ground.drop(RANGE)
    ground.settle(lambda c: None if c.args[0] == "1" else number(c))
    status = ground.status()
    assert status["state"] == "failed"
    rows = [json.loads(line) for line in ground.blob(status["links"]["failed"]).splitlines()]
    assert [(r["task"], r["reason"]) for r in rows] == [("t-000001", "MISSING_OUTPUT")]


@pytest.mark.parametrize(("rule", "state"), [("allow", "succeeded"), ("fail", "failed")])
def test_an_empty_output_counts_as_the_manifest_says(rule: str, state: str) -> None:
    """Empty outputs are fine and warned of, unless refused."""
    ground = Ground()
    ground.drop(RANGE + f"output: {{empty: {rule}}}\n")
    ground.settle(lambda c: c.write(b"") if c.args[0] == "1" else number(c))
    status = ground.status()
    assert status["state"] == state
    if state == "succeeded":
        assert [w["code"] for w in status["warnings"]] == ["EMPTY_OUTPUTS"]


def test_failures_of_the_platform_run_again_three_times() -> None:
    """A failed upload is reactivated by the controller, at most three times, and counted."""
    ground = Ground()
    ground.drop(RANGE)
    tries = {"2": 0}

    def program(container: Container) -> TaskEnd | None:
        if container.args[0] == "2":
            tries["2"] += 1
            if tries["2"] <= 3:
                return TaskEnd(None, "servererror", "FileUploadMiscError", "the upload broke")
        number(container)
        return None

    ground.settle(program)
    status = ground.status()
    assert (status["state"], status["complete"], tries["2"]) == ("succeeded", True, 4)
    assert status["attempts"]["retries"] == 3


def test_a_platform_that_never_recovers_fails_the_job() -> None:
    """After three reactivations the failure stands."""
    ground = Ground()
    ground.drop(RANGE)
    broken = TaskEnd(None, "servererror", "DiskFull", "no space")
    ground.settle(lambda c: broken if c.args[0] == "2" else number(c))
    status = ground.status()
    assert (status["state"], status["failure"]["task"]) == ("failed", "t-000002")


def test_no_unit_and_allowed_is_an_empty_result() -> None:
    """allowEmpty: succeeded with nothing, no pool was ever asked for."""
    ground = Ground()
    ground.put("data/big.txt", "")
    ground.drop(LINES.replace("input: {blob: data/big.txt}", "input: {blob: data/big.txt, allowEmpty: true}"))
    ground.settle(copy)
    status = ground.status()
    assert (status["state"], status["complete"]) == ("succeeded", True)
    assert ground.blob(status["links"]["result"]) == b""
    assert ground.world.batch.pools == {}


def test_merge_none_collects_nothing() -> None:
    """Exit codes alone count."""
    ground = Ground()
    ground.drop(RANGE + "merge: {by: none}\n")
    ground.settle(lambda c: None)
    status = ground.status()
    assert (status["state"], status["links"]["result"]) == ("succeeded", None)
    assert status["units"]["merged"] == 5


def test_a_folder_that_was_only_made_is_no_output() -> None:
    """With {path} names the output's folder exists beforehand; its mark is never taken for an output."""
    ground = Ground()
    ground.put("data/in/sub/a.txt", "a")
    ground.drop(BLOBS.replace("data/in/*.txt", "data/in/**").replace("{stem}.out", "{path}.out"))
    ground.settle(lambda c: None)
    rows = [json.loads(line) for line in ground.blob(ground.status()["links"]["failed"]).splitlines()]
    assert [r["reason"] for r in rows] == ["MISSING_OUTPUT"]
