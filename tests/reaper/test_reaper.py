"""The reaper and its report: what goes, what stays, and the reason for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.orphans import survey
from controller.reaper import reap
from local.reaper import report
from shared.names import EXPIRES_KEY, JOB_KEY, OWNER_KEY
from tests.contract.batch_ground import a_job, a_pool
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

LOST, THEIRS = "bd-lost-0123456789ab", "bd-theirs-0123456789ab"
FOREIGN = "f" * 16


def mark(owner: str, job: str, expires: str | None = None) -> tuple[tuple[str, str], ...]:
    found = {OWNER_KEY: owner, JOB_KEY: job} | ({EXPIRES_KEY: expires} if expires else {})
    return tuple(found.items())


@pytest.fixture
def ground() -> Ground:
    """An open job of ours, things of ours that nobody knows, things of another deployment, a container of nobody."""
    ground = Ground()
    ground.drop(RANGE)
    batch, work, ours = ground.world.batch, ground.world.work, ground.deployment.owner
    batch.create_pool(a_pool(LOST, metadata=mark(ours, LOST)))
    batch.create_job(a_job(LOST, LOST, metadata=mark(ours, LOST)))
    expires = f"{ground.world.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    batch.create_pool(a_pool(THEIRS, metadata=mark(FOREIGN, THEIRS, expires)))
    batch.create_pool(a_pool("bd-undated", metadata=mark(FOREIGN, "bd-undated", "soon")))
    work.create_container("bd-plain", {})
    return ground


def told(ground: Ground) -> dict[str, tuple[bool, str]]:
    """By kind and id: does it go, and why."""
    found = survey(ground.world.ports, ground.deployment)
    return {f"{each.found.kind} {each.found.id}": (each.goes, each.why) for each in found}


def test_the_report_says_of_everything_whether_it_goes_and_why(ground: Ground) -> None:
    """Nothing is deleted by it, however often it is asked."""
    (job,) = ground.open_jobs()
    ground.world.clock.advance(timedelta(hours=1))
    before = ground.left()
    found = told(ground)
    assert found[f"job {LOST}"] == (True, f"no record knows {LOST}; it is 60 minutes old")
    assert found[f"pool {LOST}"][0]
    assert found[f"pool {job}"] == (False, "its job is accepted")
    assert found[f"pool {THEIRS}"][0] is False
    assert "another deployment's (ffffffffffffffff), marked until" in found[f"pool {THEIRS}"][1]
    assert found["pool bd-undated"] == (False, "another deployment's (ffffffffffffffff), without an expiry")
    assert found["container bd-plain"] == (False, "it does not carry Batchdrop's mark")
    assert ground.left() == before


def test_the_reaper_does_what_the_report_says(ground: Ground) -> None:
    """Row for row; half an hour is given to records that may still come, a day to other deployments."""
    assert reap(ground.world.ports, ground.deployment) == []
    assert "its record may come" in told(ground)[f"pool {LOST}"][1]
    ground.world.clock.advance(timedelta(hours=25))
    assert "BATCHDROP_REAP_FOREIGN is false" in told(ground)[f"pool {THEIRS}"][1]
    ground.deployment = replace(ground.deployment, reap_foreign=True)
    announced = [name for name, (goes, _) in told(ground).items() if goes]
    assert announced == [f"job {LOST}", f"pool {LOST}", f"pool {THEIRS}"]
    assert reap(ground.world.ports, ground.deployment) == announced


def test_a_clock_of_ours_that_is_days_ahead_takes_nothing_from_others(ground: Ground) -> None:
    """The service's time counts: what is still theirs stays, and what has lapsed goes by that same time."""
    ground.deployment = replace(ground.deployment, reap_foreign=True)
    ground.world.clock.advance(timedelta(days=3))
    ground.world.batch.ahead = -timedelta(days=3)
    assert told(ground)[f"pool {THEIRS}"][0] is False
    ground.world.batch.ahead = -timedelta(days=1)
    assert told(ground)[f"pool {THEIRS}"][0] is True


def test_what_came_back_after_its_proof_goes_again(ground: Ground) -> None:
    """A worker that slept through the end of its job and made the pool anew."""
    (job,) = ground.open_jobs()
    ground.settle(number)
    ground.world.batch.create_pool(a_pool(job, metadata=mark(ground.deployment.owner, job)))
    goes, why = told(ground)[f"pool {job}"]
    assert goes
    assert "its record proved it gone at" in why


def test_a_pool_that_cannot_be_deleted_is_named_each_hour(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    """The rest goes all the same."""
    from shared.errors import Refused

    ground.world.clock.advance(timedelta(hours=1))
    ground.world.batch.fail_next("delete_pool", Refused("ScopeLocked", 409, "the scope is locked"))
    assert reap(ground.world.ports, ground.deployment) == [f"job {LOST}"]
    assert any("could not be deleted" in record.message and LOST in record.message for record in caplog.records)
    ground.world.clock.advance(timedelta(hours=1))
    assert reap(ground.world.ports, ground.deployment) == [f"pool {LOST}"]


def test_the_table_is_read_at_a_glance(ground: Ground) -> None:
    """What goes stands first, and the last line counts."""
    ground.world.clock.advance(timedelta(hours=1))
    lines = list(report(survey(ground.world.ports, ground.deployment)))
    assert [line.split()[0] for line in lines[1:3]] == ["delete", "delete"]
    assert {line.split()[0] for line in lines[3:-1]} == {"leave"}
    assert lines[-1] == f"2 to delete, {len(lines) - 4} left alone; nothing was deleted"
