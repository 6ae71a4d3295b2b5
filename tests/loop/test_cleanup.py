"""What cannot be deleted: it is named, tried again, and never in the way of a result."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Refused
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

LOCKED = Refused("ScopeLocked", 409, "pool p: the scope is locked. Remove the lock and try again [ScopeLocked 409]")


def look(ground: Ground, minutes: int = 1, times: int = 1) -> None:
    for _ in range(times):
        ground.world.clock.advance(timedelta(minutes=minutes))
        ground.tick()
        ground.deliver()


def cleanup(ground: Ground) -> dict[str, Any]:
    return dict(ground.status()["cleanup"])


def test_a_locked_pool_is_named_and_goes_once_the_lock_does() -> None:
    """The result comes as always; cleanup is failed, says what remains and why, and is retried until it is done."""
    ground = Ground()
    ground.world.batch.fail_next("delete_pool", LOCKED, times=1000)
    ground.drop(RANGE)
    ground.run_tasks(number)
    look(ground, times=8)
    status = ground.status()
    job = status["jobId"]
    assert (status["state"], status["final"], status["complete"]) == ("succeeded", True, True)
    assert ground.result(job)["state"] == "succeeded"
    assert status["cleanup"]["state"] == "failed"
    (pool,) = [each for each in status["cleanup"]["remaining"] if each["kind"] == "pool"]
    assert (pool["id"], "ScopeLocked" in pool["why"]) == (job, True)
    assert [waiting["code"] for waiting in status["waiting"]] == ["CLEANUP"]
    asked = ground.world.batch.calls["delete_pool"]
    look(ground, 60, times=5)
    assert asked < ground.world.batch.calls["delete_pool"] <= asked + 10, "it is asked again, and not without end"
    ground.world.batch.faults["delete_pool"].clear()
    ground.settle(number)
    assert cleanup(ground) == {"state": "done", "remaining": []}
    assert ground.status()["waiting"] == []
    assert ground.left() == []


@pytest.mark.parametrize("method", ["delete_job", "delete_pool"])
def test_a_batch_account_that_refuses_deletions_does_not_hold_up_the_result(method: str) -> None:
    """It is final in the same time as without the refusal."""
    times = []
    for faults in (0, 1000):
        ground = Ground()
        ground.world.batch.fail_next(method, LOCKED, times=faults)
        ground.drop(RANGE)
        ground.run_tasks(number)
        look(ground, times=3)
        status = ground.status()
        assert status["final"] is True
        times.append(status["times"]["final"])
    assert times[0] == times[1]


def test_a_container_that_is_held_by_a_lease_is_named() -> None:
    """Job and pool are gone and proved gone; the container stays on the list until it is gone too."""
    ground = Ground()
    held = Refused("LeaseIdMissing", 412, "container c: there is a lease on it [LeaseIdMissing 412]")
    ground.world.work.fail_next("delete_container", held, times=1000)
    ground.drop(RANGE)
    ground.run_tasks(number)
    look(ground, times=10)
    status = ground.status()
    assert status["times"]["cleaned"] is not None
    assert status["cleanup"]["state"] == "failed"
    assert {each["kind"] for each in status["cleanup"]["remaining"]} == {"container"}
    ground.world.work.faults["delete_container"].clear()
    ground.settle(number)
    assert cleanup(ground)["state"] == "done"


def test_a_pool_that_does_not_go_for_hours_is_told_though_nobody_refuses() -> None:
    """After two hours; then it is asked for more seldom, and the job ends once it has gone."""
    ground = Ground()
    ground.world.batch.deletion = timedelta(hours=5)
    ground.drop(RANGE)
    ground.run_tasks(number)
    look(ground, 10, times=9)
    assert cleanup(ground)["state"] == "running"
    look(ground, 10, times=9)
    assert cleanup(ground)["state"] == "failed"
    assert "is still there 2 hours after" in ground.status()["waiting"][0]["message"]
    ground.settle(number)
    assert cleanup(ground)["state"] == "done"
