"""The operator's cap of node hours a day: it holds new jobs back until the next day, and stops none that runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.rules.progress import with_nodes
from shared.names import STATE
from shared.policy import Caps
from shared.ports import NodeCounts
from shared.record import Usage
from tests.fakes.world import make_world
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
NODES = NodeCounts(running=4, total=4)


def capped(hours: float, start: datetime = NOON) -> Ground:
    ground = Ground(make_world(start))
    ground.policy = ground.policy.model_copy(update={"caps": Caps(node_hours_per_day=hours)})
    return ground


def look(ground: Ground, minutes: int) -> None:
    for _ in range(minutes):
        ground.world.clock.advance(timedelta(minutes=1))
        ground.tick()
        ground.deliver()


def used_by(ground: Ground, path: str, minutes: int) -> None:
    """A job whose four nodes run so long."""
    ground.drop(RANGE, path)
    job = ground.status(path)["jobId"]
    ground.world.batch.start(1)
    ground.world.batch.set_nodes(job, NODES)
    look(ground, minutes)


def test_beyond_the_cap_jobs_wait_for_the_next_day_and_running_ones_go_on() -> None:
    """PAUSED names cap, use and midnight; then it goes on by itself."""
    ground = capped(2)
    used_by(ground, "first.yaml", 45)
    assert ground.status("first.yaml")["cost"]["nodeHours"] == pytest.approx(3, abs=0.1)
    ground.drop(RANGE, "second.yaml")
    status = ground.status("second.yaml")
    (waiting,) = status["waiting"]
    assert (status["state"], waiting["code"]) == ("waiting", "PAUSED")
    assert waiting["evidence"] == {"cap": 2, "used": waiting["evidence"]["used"], "until": "2026-01-06T00:00:00Z"}
    assert waiting["evidence"]["used"] == pytest.approx(3, abs=0.1)
    assert "2026-01-06T00:00:00Z" in waiting["next"]
    ground.run_tasks(number)
    look(ground, 5)
    assert ground.status("first.yaml")["state"] == "succeeded"
    look(ground, 60)
    assert ground.status("second.yaml")["waiting"][0]["code"] == "PAUSED", "what an ended job has used stays used"
    ground.world.clock.advance(timedelta(hours=12))
    ground.settle(number)
    assert ground.status("second.yaml")["state"] == "succeeded"
    assert ground.left() == []


def test_a_raised_cap_lets_jobs_go_on_the_same_day() -> None:
    """The policy is read anew at each look."""
    ground = capped(2)
    used_by(ground, "first.yaml", 45)
    ground.drop(RANGE, "second.yaml")
    ground.policy = ground.policy.model_copy(update={"caps": Caps(node_hours_per_day=100)})
    look(ground, 2)
    assert ground.status("second.yaml")["waiting"] == []


def test_a_job_that_waits_too_long_gives_up_by_its_queue_timeout() -> None:
    """The cap does not hold it for ever."""
    ground = capped(0)
    ground.drop(RANGE + "limits: {queueTimeout: PT3H}\n")
    assert ground.status()["waiting"][0]["givesUpAt"] == "2026-01-05T15:00:00Z"
    ground.settle(number)
    assert ground.status()["failure"]["code"] == "QUEUE_TIMEOUT"


def test_node_time_over_midnight_is_of_both_days() -> None:
    """Two nodes from 23:00 to 01:00 are four node hours, two of them of the new day."""
    before, after = datetime(2026, 1, 5, 23, 0, tzinfo=UTC), datetime(2026, 1, 6, 1, 0, tzinfo=UTC)
    used = with_nodes(Usage(day="2026-01-05", day_seconds=500.0), before, after, 2)
    assert (used.node_seconds / 3600, used.day, used.day_seconds / 3600) == (4, "2026-01-06", 2)
    more = with_nodes(used, after, after + timedelta(hours=1), 2, 1)
    assert (more.day_seconds / 3600, more.spot_node_seconds / 3600) == (4, 1)


def test_what_days_have_used_is_forgotten_after_two() -> None:
    """The reaper takes the numbers of past days away."""
    ground = capped(100)
    used_by(ground, "first.yaml", 10)
    ground.settle(number)
    kept = [item.name for item in ground.world.control.list(STATE, "hours/")]
    assert kept == [f"hours/2026-01-05/{ground.status('first.yaml')['jobId']}"]
    ground.world.clock.advance(timedelta(days=3))
    ground.reap()
    assert list(ground.world.control.list(STATE, "hours/")) == []


def test_a_policy_that_cannot_be_read_admits_nothing_and_stops_nothing() -> None:
    """What is open goes on; a new manifest waits, and is no job yet."""
    ground = Ground()
    ground.drop(RANGE)
    ground.deployment = type(ground.deployment)(**(vars(ground.deployment) | {"policy": broken}))
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"
    ground.drop(RANGE, "second.yaml")
    assert (ground.status("second.yaml")["state"], ground.status("second.yaml")["jobId"]) == ("waiting", None)


def broken() -> object:
    from shared.policy import parse_policy

    return parse_policy(b"version: 2\n")
