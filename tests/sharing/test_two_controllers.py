"""Two controllers on one Batch account: they share its quota, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.reaper import reap
from shared.names import owner
from tests.emulated.ground import EmulatedGround
from tests.fakes.world import make_world
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

MINUTE = timedelta(minutes=1)


def beside(first: Ground) -> Ground:
    """Another controller, of another owner and with a control account of its own; all else is shared."""
    world = make_world(clock=first.world.clock)
    work, batch = first.world.work, first.world.batch
    second = Ground(replace(world, batch=batch, work=work, ports=replace(world.ports, batch=batch, work=work)))
    second.deployment = replace(second.deployment, owner=owner("other", "test"), pace=first.deployment.pace)
    return second


def test_two_controllers_sharing_one_account_never_collide() -> None:
    """The same manifest at the same path is two jobs with names of their own; neither's reaper touches the other's."""
    x = Ground()
    y = beside(x)
    for ground in (x, y):
        ground.drop(RANGE)
    (mine,), (theirs,) = x.open_jobs(), y.open_jobs()
    assert mine != theirs
    assert sorted(x.world.batch.pools) == sorted(x.world.batch.jobs) == sorted([mine, theirs])
    x.world.clock.advance(timedelta(days=3))
    assert reap(x.world.ports, x.deployment) == []
    assert reap(y.world.ports, y.deployment) == []
    x.settle(number)
    assert x.status()["state"] == "succeeded"
    assert y.status()["final"] is False
    assert x.left() == [f"pool {theirs}", f"job {theirs}", f"container {theirs}-input", f"container {theirs}-output"]
    assert reap(x.world.ports, x.deployment) == []
    y.settle(number)
    assert y.status()["state"] == "succeeded"
    assert x.blob(x.status()["links"]["result"]) == x.blob(y.status()["links"]["result"])
    assert x.left() == []


def test_each_controller_has_a_line_of_its_own_for_the_quota_they_share() -> None:
    """Who finds the account full waits in his own line; when the other's pool goes he comes on, in order of age."""
    x = Ground()
    y = beside(x)
    x.world.batch.pool_quota = 1
    x.drop(RANGE)
    for name in ("a.yaml", "b.yaml"):
        y.drop(RANGE, name)
        y.world.clock.advance(timedelta(seconds=1))
    y.tick()
    assert [y.status(name)["waiting"][0]["place"] for name in ("a.yaml", "b.yaml")] == [1, 2]
    assert x.status()["waiting"] == []
    for _ in range(60):
        for ground in (x, y):
            ground.round(number, step=timedelta(seconds=30))
    assert {y.status(name)["state"] for name in ("a.yaml", "b.yaml")} == {x.status()["state"]} == {"succeeded"}
    ends = [y.result(y.status(name)["jobId"])["times"]["final"] for name in ("a.yaml", "b.yaml")]
    assert ends == sorted(ends)
    assert x.left() == []


@pytest.mark.stack
def test_two_controllers_share_an_emulated_account(ground: EmulatedGround) -> None:
    """Over the wire, with room for one pool at a time: both jobs end well, and nothing of either is left."""
    other = beside(ground)
    ground.fault("quota", pools=1)
    ground.drop(RANGE.replace("localhost/demo:1", "localhost/demo:2"))
    other.drop(RANGE)
    assert other.status()["waiting"][0]["code"] == "QUOTA_FULL"
    for _ in range(120):
        ground.poll()
        other.tick()
        other.deliver()
        if not ground.open_jobs() and other.status()["nodes"]["pool"] is not None:
            break
    assert ground.status()["state"] == "succeeded"
    assert [pool.id for pool in ground.world.batch.owned_pools()] == [other.status()["jobId"]]
    assert reap(ground.world.ports, ground.deployment) == []
