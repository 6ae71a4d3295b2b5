"""An operator's policy that cannot be read: nobody else's manifest is to blame for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.wiring import PolicyReader
from shared.errors import Rejected
from shared.names import STATE
from shared.policy import Policy, parse_policy
from tests.loop.ground import POLICY, Ground
from tests.loop.test_jobs import RANGE, number

BROKEN = b"version: 1\nimages: [\n"


def broken() -> Policy:
    return parse_policy(BROKEN)


@pytest.mark.parametrize("announced", [1, 0])
def test_a_manifest_waits_for_a_policy_that_cannot_be_read(announced: int) -> None:
    """It is neither rejected nor lost: its status says whose fault it is, and it runs once the policy is mended."""
    ground = Ground()
    good = ground.deployment
    ground.deployment = replace(good, policy=broken)
    ground.drop(RANGE, announce=announced)
    ground.sweep()
    status = ground.status()
    assert (status["state"], status["final"], status["complete"], status["jobId"]) == ("waiting", False, None, None)
    (waiting,) = status["waiting"]
    assert waiting["code"] == "PAUSED"
    assert waiting["message"].startswith("The operator's policy cannot be read: line 3, column 1: not YAML")
    assert status["problems"] == []
    assert status["staleAfter"] > status["updatedAt"]
    assert ground.open_jobs() == []

    ground.deployment = good
    ground.sweep()
    ground.settle(number)
    assert (ground.status()["state"], ground.status()["waiting"]) == ("succeeded", [])


def test_the_answer_stays_fresh_and_an_accepted_manifest_keeps_its_own() -> None:
    """Each listing says anew that it waits; an event that comes again does not hide the job of an earlier day."""
    ground = Ground()
    ground.drop(RANGE, "old.yaml")
    job = ground.status("old.yaml")["jobId"]
    ground.deployment = replace(ground.deployment, policy=broken)
    ground.event("old.yaml")
    assert ground.status("old.yaml")["jobId"] == job
    ground.drop(RANGE, "new.yaml")
    first = ground.status("new.yaml")["updatedAt"]
    ground.world.clock.advance(ground.longest)
    ground.sweep()
    assert ground.status("new.yaml")["updatedAt"] > first


def test_a_broken_manifest_is_told_so_once_the_policy_can_be_read() -> None:
    """While nothing can be judged nothing is rejected."""
    ground = Ground()
    good = ground.deployment
    ground.deployment = replace(good, policy=broken)
    ground.drop("version: 2\n")
    assert ground.status()["state"] == "waiting"
    ground.deployment = good
    ground.sweep()
    assert ground.status()["state"] == "rejected"


def test_a_policy_in_words_that_mean_nothing_names_its_field() -> None:
    """The first thing that is wrong, with line and field, for the operator."""

    def misspelt() -> Policy:
        return parse_policy(b"version: 1\nimages: []\npaused: maybe\n")

    with pytest.raises(Rejected):
        misspelt()
    ground = Ground()
    ground.deployment = replace(ground.deployment, policy=misspelt)
    ground.drop(RANGE)
    (waiting,) = ground.status()["waiting"]
    assert "line 3, column 9: paused: must be true or false" in waiting["message"]


def test_a_policy_file_that_is_not_there_is_told_by_its_setting(tmp_path: Path) -> None:
    """BATCHDROP_POLICY names no file: nothing is taken, and the blob of the control account still wins over it."""
    ground = Ground()
    reader = PolicyReader(ground.world.control, str(tmp_path / "policy.yaml"), ground.world.ports)
    ground.deployment = replace(ground.deployment, policy=reader.read)
    ground.drop(RANGE)
    ground.tick()
    (waiting,) = ground.status()["waiting"]
    assert "the file of BATCHDROP_POLICY is not there" in waiting["message"]
    ground.world.control.put(STATE, "policy.yaml", POLICY)
    ground.sweep()
    assert ground.status()["state"] == "accepted"
