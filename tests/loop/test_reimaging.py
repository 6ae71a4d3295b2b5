"""Reference data that nodes could not fetch is fetched again: once, for ever, on one of two nodes; whoever dies."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Transient
from shared.names import JobId, side_id
from shared.ports import NodeCounts
from tests.loop.ground import Ground
from tests.loop.mortal import Killed, Killer, mortal
from tests.loop.test_jobs import RANGE, number
from tests.loop.test_shared_pools import operated
from tests.loop.test_sides import SPLITTER, cutter

REFERENCE = "reference: [{name: db, from: reference/db.txt}]\n"
ONE, TWO = NodeCounts(idle=1, total=1), NodeCounts(idle=2, total=2)


def sent(times: int, nodes: NodeCounts = ONE, **more: Any) -> tuple[Ground, str]:
    """A job with all its tasks, whose first node cannot fetch its data so many times."""
    ground = Ground()
    ground.world.batch.first_nodes = nodes
    ground.put("reference/db.txt", "x")
    ground.drop(RANGE + REFERENCE)
    (job,) = ground.open_jobs()
    ground.world.batch.unprepare(job, "node-1", times, **more)
    return ground, job


def look(ground: Ground) -> None:
    ground.world.clock.advance(timedelta(seconds=5))
    ground.tick()
    ground.deliver()


def minutes_pass(ground: Ground, minutes: int) -> None:
    for _ in range(minutes):
        ground.round(number, step=timedelta(minutes=1))


def waits(ground: Ground) -> list[tuple[str, str, Any]]:
    return [(each["code"], each["message"], each["givesUpAt"]) for each in ground.status()["waiting"]]


def reimages(ground: Ground) -> int:
    return ground.world.batch.calls["reimage_node"]


def test_a_blip_of_storage_costs_some_minutes_and_no_job() -> None:
    """The one node could not fetch its data once: it is told as that, and the job goes on by itself."""
    ground, _ = sent(times=1)
    look(ground)
    ((code, said, ends),) = waits(ground)
    assert (code, ends) == ("NODE_UNUSABLE", None)
    assert "round 1 of at most 3" in said
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["waiting"], reimages(ground), ground.left()) == ("succeeded", [], 1, [])


def test_the_third_time_is_a_time_too() -> None:
    """It goes well after three rounds."""
    ground, _ = sent(times=3)
    ground.settle(number)
    assert (ground.status()["state"], reimages(ground)) == ("succeeded", 3)


def test_storage_that_stays_away_fails_the_job_by_name() -> None:
    """Three rounds, a quarter of an hour, and no more: NODE_UNUSABLE."""
    ground, _ = sent(times=99)
    began = ground.world.clock.now()
    ground.settle(number)
    failure = ground.status()["failure"]
    assert (failure["code"], reimages(ground)) == ("NODE_UNUSABLE", 3)
    assert "It was fetched again 3 times" in failure["message"]
    assert ground.world.clock.now() - began > timedelta(minutes=15 + 3 * 2)


def test_one_of_two_nodes_is_brought_back_while_the_other_works() -> None:
    """It is paid for; the job waits for nothing."""
    ground, _ = sent(times=1, nodes=TWO)
    ground.world.batch.start(most=1)
    look(ground)
    assert (reimages(ground), waits(ground)) == (1, [])
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_a_pool_that_is_not_reimaged_fails_as_it_did_before() -> None:
    """Batch refuses it: asked once, told, a quarter of an hour."""
    ground, job = sent(times=1)
    ground.world.batch.pools[job].reimages = False
    minutes_pass(ground, 3)
    ((code, said, ends),) = waits(ground)
    assert (code, ends is not None, reimages(ground)) == ("NODE_UNUSABLE", True, 1)
    assert "OperationNotValidOnPool" in said
    ground.settle(number)
    assert ground.status()["failure"]["code"] == "NODE_UNUSABLE"


def test_a_batch_that_does_not_answer_is_asked_again() -> None:
    """Its trouble is no refusal."""
    ground, _ = sent(times=1)
    ground.world.batch.fail_next("reimage_node", Transient("busy"), times=2)
    ground.settle(number)
    assert (ground.status()["state"], reimages(ground)) == ("succeeded", 3)


def test_an_archive_that_cannot_be_unpacked_is_no_reason() -> None:
    """It would fail again."""
    ground, _ = sent(times=99, code="FailureExitCode")
    ground.settle(number)
    assert (ground.status()["failure"]["code"], reimages(ground)) == ("NODE_UNUSABLE", 0)


def test_nodes_of_a_shared_pool_are_left_alone() -> None:
    """Others' tasks run there."""
    ground = operated(Ground())
    ground.put("reference/db.txt", "x")
    ground.drop(RANGE + REFERENCE + "compute: {pool: night}\n")
    (job,) = ground.open_jobs()
    ground.world.batch.unprepare(job, "node-1", 99)
    minutes_pass(ground, 5)
    assert reimages(ground) == 0


def splitting(times: int) -> Ground:
    ground = Ground()
    ground.put("reference/db.txt", "x")
    ground.put("data/big.bin", "one|two|three")
    ground.drop(SPLITTER + REFERENCE)
    ground.tick()
    (job,) = ground.open_jobs()
    ground.world.batch.unprepare(side_id(JobId(job), "splitter"), "node-1", times)
    return ground


def test_a_splitters_node_is_brought_back_too() -> None:
    """It reads the same reference data, on a node of its own."""
    ground = splitting(times=1)
    look(ground)
    ((code, said, _),) = waits(ground)
    assert code == "NODE_UNUSABLE"
    assert said.startswith("The splitter cannot run. Node node-1 could not fetch the reference data")
    ground.settle(cutter(None))
    assert (ground.status()["state"], reimages(ground), ground.left()) == ("succeeded", 1, [])


def test_a_splitter_whose_data_never_comes_fails_in_the_same_time() -> None:
    """Three rounds and a quarter of an hour, not the splitter's longest run."""
    ground = splitting(times=99)
    began = ground.world.clock.now()
    ground.settle(cutter(None))
    failure = ground.status()["failure"]
    assert (failure["code"], reimages(ground), ground.left()) == ("NODE_UNUSABLE", 3, [])
    ended = ground.status()["times"]["verdict"]
    assert type(began).fromisoformat(ended) - began < timedelta(minutes=30)


def died(at: int, after: bool, times: int) -> tuple[Ground, Killer]:
    """A process that dies at that call after its nodes have failed; another one goes on."""
    ground, _ = sent(times)
    whole, killer = ground.world, Killer(at, after)
    ground.world = mortal(whole, killer)
    with suppress(Killed):
        for _ in range(4):
            look(ground)
    ground.world = whole
    whole.clock.advance(timedelta(seconds=31))
    ground.settle(number)
    return ground, killer


AROUND = 5


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_around_the_request_no_round_is_lost_and_none_given_away(after: bool) -> None:
    """Whichever call it dies at beside the first of them: three rounds, then the same end."""
    _, whole = died(0, after, times=3)
    asks = whole.calls.index("batch.reimage_node") + 1
    for at in range(asks - AROUND, asks + AROUND):
        for times, state in ((3, "succeeded"), (99, "failed"))[: 1 + (at == asks)]:
            ground, _ = died(at, after, times)
            assert (ground.status()["state"], reimages(ground), ground.left()) == (state, 3, []), f"call {at}"
