"""A splitter's or recombiner's Batch job comes before its pool: no node is paid for while the account has no room."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import Refused
from shared.ports import NodeCounts
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import number
from tests.loop.test_sides import RECOMBINER, SPLITTER, cutter, recombine
from tests.loop.test_waiting import minutes_pass, why

BOTH = pytest.mark.parametrize("manifest", [SPLITTER, RECOMBINER], ids=["splitter", "recombiner"])


def program(container: Container) -> int | None:
    if container.spec.environment and "LEDGER_PATH" in container.env:
        return recombine(container)
    return number(container) if container.args[:1] and container.args[0].isdigit() else cutter(None)(container)


def full(manifest: str, *, jobs: int | None = None, pools: int | None = None) -> Ground:
    """A job whose account is full by the time of its splitter or recombiner, some minutes later."""
    ground = Ground()
    ground.put("data/big.bin", "one|two")
    if manifest is RECOMBINER:
        ground.drop(manifest)
    ground.world.batch.job_quota, ground.world.batch.pool_quota = jobs, pools
    if manifest is SPLITTER:
        ground.drop(manifest)
    for _ in range(12):
        ground.round(program)
    minutes_pass(ground)
    return ground


def sides(things: dict[str, object]) -> list[str]:
    return [name for name in things if name.endswith(("-split", "-merge"))]


def room_again(ground: Ground) -> None:
    batch = ground.world.batch
    batch.job_quota = batch.pool_quota = None
    ground.settle(program)
    assert why(ground) == ("succeeded", [], None)
    assert ground.left() == []


@BOTH
def test_no_node_of_a_side_is_paid_for_while_the_account_holds_no_more_jobs(manifest: str) -> None:
    """It is told as QUOTA_FULL, and goes on by itself."""
    ground = full(manifest, jobs=0)
    assert why(ground)[1] == ["QUOTA_FULL"]
    assert sides(dict(ground.world.batch.pools)) == []
    room_again(ground)


@BOTH
def test_a_side_that_waits_for_room_for_pools_holds_no_batch_job(manifest: str) -> None:
    """Its job is given back to those who may run, and made again with the next try."""
    ground = full(manifest, pools=0)
    assert why(ground)[1] == ["QUOTA_FULL"]
    batch = ground.world.batch
    assert {job.state for job in batch.owned_jobs() if job.id.endswith(("-split", "-merge"))} <= {"deleting"}
    assert batch.calls["create_job"] >= 2
    room_again(ground)


def test_the_batch_job_of_a_splitter_that_cannot_be_given_back_is_reaped() -> None:
    """Where its job is cancelled before it was made use of."""
    ground = Ground()
    ground.put("data/big.bin", "one|two")
    batch = ground.world.batch
    batch.pool_quota = 0
    batch.fail_next("delete_job", Refused("InternalError", 500, "not now"))
    ground.drop(SPLITTER)
    assert sides(dict(batch.jobs)) != []
    ground.drop("", "job.yaml.cancel")
    ground.settle(program)
    ground.world.clock.advance(timedelta(days=4))
    ground.tick()
    ground.reap()
    ground.world.clock.advance(timedelta(minutes=5))
    assert ground.left() == []


def test_a_splitter_that_runs_for_longer_than_the_queue_timeout_is_left_to_run() -> None:
    """Its node is there: the job waits for none. Once it has ended, the wait for the job's own nodes begins."""
    ground = Ground()
    ground.put("data/big.bin", "one|two")
    ground.drop(SPLITTER + "limits: {queueTimeout: PT1H}\n")
    minutes_pass(ground, 60)
    assert why(ground)[2] is None
    ground.world.batch.first_nodes = NodeCounts()
    for _ in range(5):
        ground.round(program)
    minutes_pass(ground, 20)
    assert why(ground)[2] is None
    minutes_pass(ground, 20)
    failure = why(ground)[2]
    assert failure is not None
    assert failure["code"] == "QUEUE_TIMEOUT"


def test_a_splitter_without_a_node_gives_up_after_the_queue_timeout() -> None:
    """It is a wait for a node like any other."""
    ground = Ground()
    ground.world.batch.first_nodes = NodeCounts()
    ground.put("data/big.bin", "one|two")
    ground.drop(SPLITTER + "limits: {queueTimeout: PT1H}\n")
    minutes_pass(ground, 35)
    failure = why(ground)[2]
    assert failure is not None
    assert failure["code"] == "QUEUE_TIMEOUT"
    ground.settle(program)
    assert [name for name in ground.left() if "container" not in name] == []
