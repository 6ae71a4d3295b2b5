"""Jobs on one operator's pool, on the emulated Batch account: who gets its slots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.batch_ground import a_pool
from tests.sharing.emulated import Emulated, emulated

pytestmark = pytest.mark.stack
POOL = "night"
JOB = """
version: 1
container: {{image: "localhost/x:1"}}
input: {{range: {{stop: {tasks}}}}}
merge: {{by: none}}
compute: {{pool: night}}
"""


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Emulated]:
    """A pool of two nodes with two slots each."""
    with emulated(tmp_path) as found:
        found.policy = found.policy.model_copy(update={"pools": (POOL,)})
        formula = "$TargetDedicatedNodes = 2;"
        found.wire.batch.create_pool(a_pool(POOL, slots=2, formula=formula, metadata=()))
        found.minutes(1)
        yield found


def running(ground: Emulated, path: str) -> int:
    jobs = ground.wire.server.emulator.world.account.jobs
    return sum(task.state == "running" for task in jobs[ground.status(path)["jobId"]].tasks.values())


def test_small_jobs_are_done_long_before_the_giant_that_came_first(ground: Emulated) -> None:
    """They get slots as soon as tasks of the giant end; it keeps one, and has all again afterwards."""
    ground.drop(JOB.format(tasks=60), "giant.yaml")
    ground.minutes(3)
    assert running(ground, "giant.yaml") == 4
    small = [f"small-{number}.yaml" for number in range(3)]
    for path in small:
        ground.drop(JOB.format(tasks=2), path)
    ground.minutes(2)
    assert all(running(ground, path) for path in small), "each has a slot within two minutes"
    assert running(ground, "giant.yaml") == 1
    ground.minutes(3)
    assert {ground.status(path)["state"] for path in small} == {"succeeded"}
    assert ground.status("giant.yaml")["state"] == "running"
    assert running(ground, "giant.yaml") == 4
    ground.minutes(30, until=ground.over)
    assert ground.status("giant.yaml")["complete"] is True
    assert ground.wire.batch.pool(POOL) is not None
    assert ground.left() == []


def test_a_job_tells_that_others_hold_the_slots(ground: Emulated) -> None:
    """Where their tasks are long, and where there is no turn to take."""
    ground.wire.program = lambda launch: None
    ground.drop(JOB.format(tasks=9), "long.yaml")
    ground.minutes(2)
    ground.drop(JOB.format(tasks=1), "short.yaml")
    ground.minutes(2)
    (waiting,) = ground.status("short.yaml")["waiting"]
    assert (waiting["code"], waiting["evidence"]) == ("CAPACITY", {"pool": POOL, "nodes": 2, "slots": 4})


def test_reference_data_is_gone_from_shared_nodes_when_its_job_is(ground: Emulated) -> None:
    """The job's release task runs on the nodes that its preparation task has run on."""
    ground.put("reference/db.txt", "x")
    ground.drop(JOB.format(tasks=4) + "reference: [{name: db, from: reference/db.txt}]\n")
    ground.minutes(20, until=ground.over)
    assert ground.status()["state"] == "succeeded"
    ran = {(each.kind, each.node_id) for each in ground.wire.launches}
    nodes = {node for kind, node in ran if kind == "jobpreparation"}
    assert nodes
    assert {node for kind, node in ran if kind == "jobrelease"} == nodes
