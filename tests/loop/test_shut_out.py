"""A service that does not let the controller in: roles that are not in force yet, a key, a disabled account."""

from __future__ import annotations

import pytest

from shared.errors import Refused
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number
from tests.loop.test_waiting import minutes_pass


@pytest.mark.parametrize("code", ["AuthorizationFailed", "InsufficientAccountPermissions", "AccountIsDisabled"])
@pytest.mark.parametrize("step", ["create_job", "add_tasks"])
def test_a_role_that_is_not_in_force_yet_is_waited_for(code: str, step: str) -> None:
    """It takes Azure minutes, and people longer: half an hour of refusals is told, and costs no job."""
    ground = Ground()
    ground.world.batch.fail_next(step, Refused(code, 403, "not you"), times=1000)
    ground.drop(RANGE)
    minutes_pass(ground, 15)
    (waiting,) = ground.status()["waiting"]
    assert (waiting["code"], waiting["evidence"]["error"]) == ("STUCK", code)
    ground.world.batch.faults.clear()
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"
    assert ground.left() == []


def test_tasks_that_run_are_not_lost_because_the_controller_is_shut_out() -> None:
    """They go on without it: two hours later it takes up what they have done."""
    ground = Ground()
    ground.drop(RANGE)
    ground.round(number, most=1)
    ground.world.batch.fail_next("pool", Refused("AccountIsDisabled", 403, "not now"), times=1000)
    minutes_pass(ground, 60)
    (waiting,) = ground.status()["waiting"]
    assert (waiting["code"], ground.status()["final"]) == ("STUCK", False)
    assert waiting["givesUpAt"] == "2026-01-12T08:00:00Z", "limits.jobTimeout, seven days"
    ground.world.batch.faults.clear()
    ground.settle(number)
    assert (ground.status()["state"], ground.status()["units"]["merged"]) == ("succeeded", 5)
