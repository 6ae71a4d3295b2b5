"""Jobs on one operator's pool, on an emulated Batch account: who gets its slots."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.specs import Site
from tests.contract.batch_ground import a_pool
from tests.emulated.ground import EmulatedGround

pytestmark = pytest.mark.stack
POOL = "night"
JOB = """
version: 1
container: {{image: "localhost/x:1"}}
input: {{range: {{stop: {tasks}}}}}
compute: {{pool: night}}
"""
MINUTE = timedelta(minutes=1)


@pytest.fixture
def night(ground: EmulatedGround) -> EmulatedGround:
    """A pool of two nodes with two slots each, and tasks of a minute."""
    ground.policy = ground.policy.model_copy(update={"pools": (POOL,)})
    ground.node.lasts = MINUTE
    spec = a_pool(POOL, slots=2, formula="$TargetDedicatedNodes = 2;", site=Site(), metadata=())
    ground.world.batch.create_pool(spec)
    pass_time(ground, 2)
    return ground


def pass_time(ground: EmulatedGround, minutes: int) -> None:
    for _ in range(2 * minutes):
        ground.poll()


def running(ground: EmulatedGround, path: str) -> int:
    tasks = ground.emulator.world.account.jobs[ground.job(path)].tasks.values()
    return sum(task.state == "running" for task in tasks)


def test_small_jobs_are_done_long_before_the_giant_that_came_first(night: EmulatedGround) -> None:
    """They get slots as soon as tasks of the giant end; it keeps one, and has all again afterwards."""
    night.drop(JOB.format(tasks=60), "giant.yaml")
    pass_time(night, 3)
    assert running(night, "giant.yaml") == 4
    small = [f"small-{number}.yaml" for number in range(3)]
    for path in small:
        night.drop(JOB.format(tasks=2), path)
    pass_time(night, 2)
    assert [running(night, path) for path in ("giant.yaml", *small)] == [1, 1, 1, 1], "each has a slot soon"
    night.poll_until(lambda: all(night.status(path)["final"] for path in small), within=6 * MINUTE)
    assert night.status("giant.yaml")["state"] == "running"
    night.poll_until(lambda: running(night, "giant.yaml") == 4, within=3 * MINUTE)
    night.poll_until(lambda: not night.open_jobs(), within=30 * MINUTE)
    assert {night.status(path)["complete"] for path in ("giant.yaml", *small)} == {True}
    assert night.world.batch.pool(POOL) is not None
    assert night.left() == []


def test_a_job_tells_that_others_hold_the_slots(night: EmulatedGround) -> None:
    """Where their tasks are long there is nothing to do but wait."""
    night.node.stays = True
    night.drop(JOB.format(tasks=9), "long.yaml")
    pass_time(night, 2)
    night.drop(JOB.format(tasks=1), "short.yaml")
    pass_time(night, 2)
    (waiting,) = night.status("short.yaml")["waiting"]
    assert (waiting["code"], waiting["evidence"]) == ("CAPACITY", {"pool": POOL, "nodes": 2, "slots": 4})


def test_reference_data_is_gone_from_shared_nodes_when_its_job_is(night: EmulatedGround) -> None:
    """The job's release task runs on the nodes that its preparation task has run on."""
    night.put("reference/db.txt", "x")
    night.drop(JOB.format(tasks=4) + "reference: [{name: db, from: reference/db.txt}]\n")
    night.poll_until(lambda: not night.open_jobs(), within=20 * MINUTE)
    assert night.status()["state"] == "succeeded"
    prepared = {node for kind, node in night.node.ran if kind == "jobpreparation"}
    assert prepared
    assert {node for kind, node in night.node.ran if kind == "jobrelease"} == prepared
