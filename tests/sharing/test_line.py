"""Several jobs and too little quota: who goes when, and what the others read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.policy import VmSize
from shared.ports import NodeCounts, Quotas, ServiceError
from tests.emulated.ground import EmulatedGround
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

MINUTE = timedelta(minutes=1)
NAMES = [f"{index}.yaml" for index in range(6)]


def dropped(ground: Ground, names: list[str], more: str = "") -> None:
    for name in names:
        ground.drop(RANGE + more, name)
        ground.world.clock.advance(timedelta(seconds=1))


def waits(ground: Ground, name: str) -> dict[str, Any]:
    (waiting,) = ground.status(name)["waiting"]
    return dict(waiting)


def firsts(ground: Ground, names: list[str]) -> list[str]:
    return [ground.result(ground.status(name)["jobId"])["times"]["firstTask"] for name in names]


def look(ground: Ground, minutes: int = 1) -> None:
    ground.world.clock.advance(minutes * MINUTE)
    ground.tick()
    ground.deliver()


def test_everyone_in_line_reads_his_place_and_until_when_he_waits() -> None:
    """The oldest has place 1; places move up as jobs ahead go; queueTimeout says when it is over."""
    ground = Ground()
    ground.world.batch.pool_quota = 1
    dropped(ground, NAMES[:4])
    look(ground)
    assert [waits(ground, name)["place"] for name in NAMES[1:4]] == [1, 2, 3]
    assert all(waits(ground, name)["givesUpAt"].startswith("2026-01-07T") for name in NAMES[1:4])
    assert waits(ground, NAMES[2])["evidence"]["quota"] == "pools"
    ground.settle(number)
    assert firsts(ground, NAMES[:4]) == sorted(firsts(ground, NAMES[:4]))
    assert ground.left() == []


def test_a_job_that_is_cancelled_in_line_makes_way() -> None:
    """Those behind it move up."""
    ground = Ground()
    ground.world.batch.pool_quota = 1
    dropped(ground, NAMES[:3])
    look(ground)
    ground.world.control.put("jobs", f"{NAMES[1]}.cancel", b"-")
    ground.event(f"{NAMES[1]}.cancel")
    look(ground)
    look(ground)
    assert ground.status(NAMES[1])["state"] == "cancelled"
    assert waits(ground, NAMES[2])["place"] == 1


def test_where_the_account_can_be_read_as_many_go_as_fit() -> None:
    """Not one by one: three pools' room lets three go at the next tick, and those behind read the numbers."""
    ground = Ground()
    batch = ground.world.batch
    batch.pool_quota, batch.account = 1, Quotas(pools=1, jobs=100)
    dropped(ground, NAMES)
    look(ground)
    (waiting,) = ground.status(NAMES[5])["waiting"]
    assert waiting["message"] == "1 of the 1 pools that this Batch account may hold are there."
    assert {key: waiting["evidence"][key] for key in ("limit", "used", "needed")} == {
        "limit": 1,
        "used": 1,
        "needed": 1,
    }
    look(ground, 6)
    batch.pool_quota, batch.account = 4, Quotas(pools=4, jobs=100)
    look(ground)
    assert sorted(ground.status(name)["nodes"]["pool"] is not None for name in NAMES) == [False] * 2 + [True] * 4
    assert [ground.status(name)["nodes"]["pool"] for name in NAMES[4:]] == [None, None]
    refused = batch.calls["create_pool"]
    look(ground)
    assert batch.calls["create_pool"] == refused, "nobody tries what is known not to fit"
    ground.settle(number)
    assert {ground.status(name)["state"] for name in NAMES} == {"succeeded"}


def test_a_pool_without_cores_has_its_place_and_its_numbers_too() -> None:
    """By age among all jobs that have no running node."""
    ground = Ground()
    ground.world.batch.account = Quotas(pools=10, jobs=10, dedicated_cores=4, spot_cores=4)
    ground.world.batch.first_nodes = NodeCounts()
    dropped(ground, NAMES[:2])
    for name in NAMES[:2]:
        pool = ground.world.batch.pools[ground.status(name)["jobId"]]
        pool.resize_errors = (ServiceError("AccountCoreQuotaReached", "no"),)
    look(ground)
    look(ground)
    assert [waits(ground, name)["place"] for name in NAMES[:2]] == [1, 2]
    assert waits(ground, NAMES[1])["evidence"] == {
        "quota": "lowPriorityCores",
        "limit": 4,
        "used": 0,
        "needed": 2,
        "resizeError": "AccountCoreQuotaReached",
    }


def test_what_can_never_fit_leaves_the_line_at_once() -> None:
    """QUOTA_NEVER, before anything is made; and where the quota shrinks under a pool without nodes."""
    ground = Ground()
    ground.world.batch.account = Quotas(pools=0, jobs=10)
    ground.drop(RANGE, "a.yaml")
    failure = ground.status("a.yaml")["failure"]
    assert (failure["code"], failure["evidence"]["quota"]) == ("QUOTA_NEVER", "pools")
    ground.world.batch.account = Quotas(pools=1, jobs=10, dedicated_cores=100, spot_cores=100)
    ground.world.batch.first_nodes = NodeCounts()
    ground.drop(RANGE, "b.yaml")
    pool = ground.world.batch.pools[ground.status("b.yaml")["jobId"]]
    pool.resize_errors = (ServiceError("AccountCoreQuotaReached", "no"),)
    ground.world.batch.account = Quotas(pools=1, jobs=10, dedicated_cores=1, spot_cores=1)
    look(ground)
    ground.settle(number)
    failure = ground.status("b.yaml")["failure"]
    assert (failure["code"], failure["evidence"]["limit"], failure["evidence"]["needed"]) == ("QUOTA_NEVER", 1, 2)
    assert ground.left() == []


@pytest.mark.stack
@pytest.mark.parametrize("quota", [{"pools": 2}, {"jobs": 2}])
def test_over_quota_the_oldest_go_first_on_the_emulated_account(ground: EmulatedGround, quota: dict[str, int]) -> None:
    """Five jobs and room for two: all of them end well, begun in the order in which they were dropped."""
    ground.fault("quota", **quota)
    ground.node.lasts = MINUTE
    names = NAMES[:5]
    dropped(ground, names)
    ground.poll()
    assert waits(ground, names[4])["code"] == "QUOTA_FULL"
    ground.poll_until(lambda: not ground.open_jobs(), within=timedelta(hours=2))
    assert {ground.status(name)["state"] for name in names} == {"succeeded"}
    assert firsts(ground, names) == sorted(firsts(ground, names))
    assert ground.left() == []


@pytest.mark.stack
def test_over_the_quota_of_cores_the_oldest_go_first_on_the_emulated_account(ground: EmulatedGround) -> None:
    """Cores for one node, three jobs: who comes behind one that gets none stays in line, and each has its turn."""
    ground.fault("quota", lowPriority=2, dedicated=0)
    ground.node.lasts = 2 * MINUTE
    names, stays = NAMES[:3], "compute: {dedicatedAfterPreemptions: never}\n"
    dropped(ground, [names[0]], stays)
    ground.poll_until(lambda: ground.status(names[0])["state"] == "running", within=10 * MINUTE)
    dropped(ground, [names[1]], stays)
    ground.poll_until(lambda: bool(ground.status(names[1])["waiting"]), within=5 * MINUTE)
    ground.poll()
    dropped(ground, names[2:], stays)
    ground.poll()
    ground.poll()
    assert [waits(ground, name)["evidence"]["quota"] for name in names[1:]] == ["lowPriorityCores"] * 2
    assert [waits(ground, name)["place"] for name in names[1:]] == [1, 2]
    assert [ground.status(name)["nodes"]["pool"] is not None for name in names] == [True, True, False]
    ground.poll_until(lambda: not ground.open_jobs(), within=timedelta(hours=5))
    assert {ground.status(name)["state"] for name in names} == {"succeeded"}
    assert firsts(ground, names) == sorted(firsts(ground, names))
    assert ground.left() == []


def test_cores_of_another_kind_or_size_are_not_waited_for() -> None:
    """A job for dedicated nodes goes past those that wait for spot ones; another size may try after five minutes."""
    ground = Ground()
    sizes = {"Standard_D2s_v5": VmSize(cores=2), "Standard_D4s_v5": VmSize(cores=4)}
    ground.policy = ground.policy.model_copy(update={"vm_sizes": sizes})
    ground.world.batch.first_nodes = NodeCounts()
    ground.drop(RANGE, "spot.yaml")
    pool = ground.world.batch.pools[ground.status("spot.yaml")["jobId"]]
    pool.resize_errors = (ServiceError("AccountCoreQuotaReached", "no"),)
    look(ground)
    look(ground)
    ground.drop(RANGE, "same.yaml")
    ground.drop(RANGE + "compute: {vmSize: Standard_D4s_v5}\n", "larger.yaml")
    ground.drop(RANGE + "compute: {spot: false}\n", "dedicated.yaml")
    for name in ("same.yaml", "larger.yaml"):
        assert waits(ground, name)["message"] == "This Batch account may hold no more spot cores now."
    assert ground.status("dedicated.yaml")["waiting"] == []
    for _ in range(8):
        look(ground)
    assert ground.status("larger.yaml")["nodes"]["pool"] is not None
    assert ground.status("same.yaml")["nodes"]["pool"] is None
    pool.resize_errors, ground.world.batch.first_nodes = (), NodeCounts(idle=1, total=1)
    for each in ground.world.batch.pools.values():
        each.nodes = ground.world.batch.first_nodes
    ground.settle(number)
    assert {ground.status(name)["state"] for name in ("spot.yaml", "same.yaml", "larger.yaml")} == {"succeeded"}
