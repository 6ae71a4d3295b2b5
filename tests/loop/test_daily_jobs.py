"""The operator's cap of jobs a day: as many are accepted, by however many workers, and not one more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from controller.days import WORKERS, DayCount
from shared.names import STATE, JobId
from shared.policy import Caps
from tests.fakes.world import make_world
from tests.load.crowd import drop, path_of
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def capped(jobs: int) -> Ground:
    ground = Ground(make_world(NOON))
    ground.policy = ground.policy.model_copy(update={"caps": Caps(jobs_per_day=jobs)})
    return ground


def job(index: int) -> JobId:
    return JobId(f"bd-{index:05}-0123456789ab")


def days(ground: Ground) -> int:
    return sum(1 for _ in ground.world.control.names(STATE, "days/"))


def test_beyond_the_cap_manifests_are_rejected_and_taken_the_next_day() -> None:
    """The answer names the cap and what to do; tomorrow the same manifest is accepted."""
    ground = capped(2)
    for path in ("a.yaml", "b.yaml", "c.yaml"):
        ground.drop(RANGE, path)
    (problem,) = ground.status("c.yaml")["problems"]
    assert (problem["rule"], "2 jobs were accepted today" in problem["message"]) == ("policyCap", True)
    assert "tomorrow" in problem["fix"]
    ground.world.clock.advance(timedelta(days=1))
    ground.drop(RANGE, "d.yaml")
    assert ground.status("d.yaml")["state"] != "rejected"


def test_workers_in_turns_accept_as_many_as_the_cap_and_not_one_more() -> None:
    """What one has let pass without counting is known to the other when the room gets small."""
    ground = capped(3 * WORKERS)
    one, other = DayCount(), DayCount()
    for index in range(3 * WORKERS + 20):
        admitted = (one, other)[index % 2].admits(ground.world.control, job(index), 3 * WORKERS, NOON)
        assert admitted == (index < 3 * WORKERS)
    assert days(ground) == 3 * WORKERS


def test_a_job_that_comes_again_counts_once() -> None:
    """An acceptance that was cut off is done again when the day is full: it had its place."""
    ground = capped(2)
    count = DayCount()
    for index in (0, 1, 1, 0):
        assert count.admits(ground.world.control, job(index), 2, NOON)
    assert not count.admits(ground.world.control, job(2), 2, NOON)


def test_a_crowd_is_not_counted_anew_for_each_job() -> None:
    """Far from the cap the jobs of the day are listed now and then."""
    ground = capped(100 * WORKERS)
    drop(ground, RANGE, 40)
    before = ground.world.control.calls["names"]
    for index in range(40):
        ground.event(path_of(index))
    assert days(ground) == 40
    assert ground.world.control.calls["names"] - before < 4
