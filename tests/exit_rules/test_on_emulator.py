"""Exit rules and the canary on an emulated account: the real port, real states of tasks and nodes, the real formula."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from tests.emulated.ground import EmulatedGround
from tests.loop.ground import Container

pytestmark = pytest.mark.stack
HOUR = timedelta(hours=1)
NUMBERS = """
version: 1
container: {image: "localhost/demo:1", args: ["$(BATCHDROP_UNIT_START)"]}
input: {range: {stop: 8}}
split: {unitsPerTask: 1}
merge: {by: lines}
compute: {maxNodes: 4}
"""


def final(ground: EmulatedGround) -> timedelta:
    return ground.poll_until(lambda: bool(ground.status()["final"]), HOUR)


def test_codes_run_again_are_skipped_or_end_the_job_as_the_manifest_says(ground: EmulatedGround) -> None:
    """5 twice and then 0: three runs, merged. 3: one run, skipped. Batch itself repeats nothing."""
    ran = Counter[str]()

    def program(container: Container) -> int:
        number = container.args[0]
        ran[number] += 1
        if number == "1" and ran[number] < 3:
            return 5
        if number == "6":
            return 3
        container.write(number.encode())
        return 0

    ground.node.program = program
    ground.drop(NUMBERS + "failure: {stopOn: [9], skipOn: [3]}\nlogs: all\n")
    final(ground)
    status = ground.status()
    assert (status["state"], status["units"]["merged"], status["units"]["skipped"]) == ("succeeded", 7, 1)
    assert (ran["1"], ran["6"], ran.total()) == (3, 1, 10)
    assert (status["attempts"]["runs"], status["attempts"]["retries"]) == (10, 2)
    assert ground.blob(status["links"]["result"]).split() == [b"0", b"1", b"2", b"3", b"4", b"5", b"7"]
    (row,) = [json.loads(line) for line in ground.blob(status["links"]["failed"]).splitlines()]
    assert (row["reason"], row["exitCode"], row["runs"]) == ("SKIPPED", 3, 1)
    logs = [item.name for item in ground.world.work.list("results", f"{status['jobId']}/logs/")]
    assert len(logs) == 16


def test_the_limit_of_runs_holds_over_the_wire(ground: EmulatedGround) -> None:
    """maxTaskRetryCount 2: three runs, each end counted once; the last one is told."""
    ran = Counter[str]()

    def program(container: Container) -> int:
        ran[container.args[0]] += 1
        if container.args[0] == "4":
            return 5
        container.write(b"x")
        return 0

    ground.node.program = program
    ground.drop(NUMBERS + "failure: {stopOn: [9]}\nlimits: {maxTaskRetryCount: 2}\n")
    final(ground)
    failure = ground.status()["failure"]
    assert (failure["code"], failure["task"], failure["evidence"]["runs"]) == ("TASKS_FAILED", "t-000004", 3)
    assert ran["4"] == 3


def test_a_spot_node_that_is_taken_back_uses_up_no_run(ground: EmulatedGround) -> None:
    """With exit rules Batch may repeat nothing; what it puts back in the queue is no repetition."""
    ground.node.lasts = timedelta(minutes=4)
    ground.drop(NUMBERS + "failure: {stopOn: [9]}\nlimits: {maxTaskRetryCount: 0}\n")
    ground.poll_until(lambda: ground.status()["tasks"]["running"] > 0, HOUR)
    ground.fault("preempt", pool="bd-*", nodes=2, backAfter=60)
    final(ground)
    status = ground.status()
    assert (status["state"], status["complete"], status["attempts"]["retries"]) == ("succeeded", True, 0)
    assert status["attempts"]["preemptions"] >= 1


def test_a_canary_has_one_node_and_the_others_have_four(ground: EmulatedGround) -> None:
    """Nodes over time: one until the first task has ended well, then as many as the formula of all tasks gives."""
    ground.node.lasts = timedelta(minutes=6)
    ground.drop(NUMBERS + "canary: true\n")
    nodes, seen = list[int](), list[int]()
    while not ground.status()["final"]:
        ground.poll()
        status = ground.status()
        (nodes if status["tasks"]["succeeded"] == 0 else seen).append(status["nodes"]["running"])
        assert len(nodes) + len(seen) < 200
    assert max(nodes) == 1
    assert max(seen) == 4
    status = ground.status()
    assert (status["state"], status["complete"]) == ("succeeded", True)
    ground.poll_until(lambda: bool(ground.status()["times"]["cleaned"]), HOUR)
    assert ground.left() == []


def test_a_canary_that_fails_has_cost_one_node(ground: EmulatedGround) -> None:
    """Four runs of one task on one node, and the job is over."""
    ran = Counter[str]()

    def program(container: Container) -> int:
        ran[container.args[0]] += 1
        return 1

    ground.node.program = program
    ground.drop(NUMBERS + "canary: true\n")
    final(ground)
    status = ground.status()
    assert ran == {"0": 4}
    assert status["failure"]["message"].startswith(
        "The canary, task t-000000, failed: the program ended with 1 after 4"
    )
    assert status["units"]["notRun"] == 7
    assert status["cost"]["nodeHours"] < 0.5
