"""Services that ask for fewer requests: it is told, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import Throttled
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

BUSY = Throttled("pool p", "ServerBusy", 503, "pool p: the server is busy [ServerBusy 503]", timedelta(seconds=30))


def look(ground: Ground, minutes: int = 1) -> None:
    ground.world.clock.advance(timedelta(minutes=minutes))
    ground.tick()
    ground.deliver()


@pytest.mark.parametrize("method", ["create_pool", "create_job", "add_tasks"])
def test_a_service_that_stays_busy_is_told_at_the_second_look(method: str) -> None:
    """With its own words as evidence; then the job runs as if nothing had been."""
    ground = Ground()
    ground.world.batch.fail_next(method, BUSY, times=4)
    ground.drop(RANGE)
    assert ground.status()["waiting"] == []
    look(ground)
    status = ground.status()
    (waiting,) = status["waiting"]
    assert (status["state"], waiting["code"], waiting["since"]) == ("waiting", "THROTTLED", status["times"]["accepted"])
    assert waiting["evidence"] == {"thing": "pool p", "error": "ServerBusy", "status": 503}
    assert waiting["givesUpAt"] is not None
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["complete"], status["waiting"]) == ("succeeded", True, [])
    assert ground.left() == []


def test_a_single_busy_answer_is_not_worth_a_word() -> None:
    """And the next one, after looks that went well, is again the first."""
    ground = Ground()
    ground.drop(RANGE)
    for _ in range(3):
        ground.world.batch.fail_next("task_counts", BUSY)
        look(ground)
        assert ground.status()["waiting"] == []
        look(ground)
    assert ground.world.batch.calls["task_counts"] > 3


def test_a_busy_storage_account_is_told_too() -> None:
    """While a running job is looked at; what else it waits for stays told."""
    ground = Ground()
    ground.drop(RANGE)
    ground.world.batch.start(1)
    look(ground)
    ground.world.work.fail_next("container_exists", BUSY, times=2)
    look(ground)
    look(ground)
    status = ground.status()
    assert (status["state"], [w["code"] for w in status["waiting"]]) == ("running", ["THROTTLED"])
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_a_job_in_line_keeps_its_place_while_the_service_is_busy() -> None:
    """Two reasons at once, and the line is not lost."""
    ground = Ground()
    ground.world.batch.pool_quota = 0
    ground.drop(RANGE)
    ground.world.batch.pool_quota = None
    ground.world.batch.fail_next("quotas", BUSY, times=3)
    ground.world.clock.advance(timedelta(minutes=6))
    ground.event()
    look(ground)
    assert [w["code"] for w in ground.status()["waiting"]] == ["QUOTA_FULL", "THROTTLED"]
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_a_busy_service_during_the_clean_up_changes_nothing_that_is_read() -> None:
    """The result is there; the deletions go on by themselves."""
    ground = Ground()
    ground.world.batch.fail_next("delete_job", BUSY, times=5)
    ground.drop(RANGE)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["waiting"], status["cleanup"]["state"]) == ("succeeded", [], "done")
