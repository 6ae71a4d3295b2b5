"""Results whose time is over, among many whose time is not."""

from __future__ import annotations

from datetime import timedelta

from controller.reaper import reap
from shared.names import STATE, JobId
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number


def over(ground: Ground, paths: tuple[str, ...], manifest: str = RANGE) -> None:
    for path in paths:
        ground.drop(manifest, path)
    ground.settle(number)


def reads(ground: Ground, days: int) -> int:
    """What an hour's reaping reads, so many days later."""
    ground.world.clock.advance(timedelta(days=days))
    before = ground.world.control.calls["read"]
    reap(ground.world.ports, ground.deployment)
    return ground.world.control.calls["read"] - before


def test_records_of_jobs_whose_results_stay_are_not_read_every_hour() -> None:
    """A deployment that ran ten thousand jobs last month asks for none of them, until their day has come."""
    ground = Ground()
    over(ground, ("a.yaml", "b.yaml", "c.yaml"))
    job = JobId(ground.status("a.yaml")["jobId"])
    assert reads(ground, 1) == 0
    assert ground.world.work.head("results", f"{job}/result.json") is not None
    assert reads(ground, 90) == 3
    assert ground.world.work.head("results", f"{job}/result.json") is None
    assert list(ground.world.control.names(STATE, "done/")) == []


def test_a_marker_that_does_not_say_how_long_is_judged_by_its_record() -> None:
    """As an older version left them."""
    ground = Ground()
    over(ground, ("a.yaml",))
    (marker,) = ground.world.control.names(STATE, "done/")
    ground.world.control.put(STATE, marker, b"")
    assert reads(ground, 1) == 1
    assert list(ground.world.control.names(STATE, "done/")) == [marker]
    reads(ground, 90)
    assert list(ground.world.control.names(STATE, "done/")) == []


def test_each_job_has_its_own_time() -> None:
    """retention.results of the manifest counts, not of the others."""
    ground = Ground()
    over(ground, ("short.yaml",), RANGE + "retention: {results: P2D}\n")
    over(ground, ("long.yaml",))
    assert reads(ground, 3) == 1
    (marker,) = ground.world.control.names(STATE, "done/")
    assert marker.endswith(ground.status("long.yaml")["jobId"])
