"""A deployment is upgraded in the middle of jobs: what the older one left is carried to its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.names import STATE
from shared.record import VERSION
from tests.loop.ground import Ground
from tests.upgrades.freeze import FOLDER, frozen_at, outcome
from tests.upgrades.frozen_world import frozen, thawed
from tests.upgrades.jobs import JOBS

FIXTURES = sorted(FOLDER.glob("v*.json"))


def job_of(fixture: Path) -> str:
    return fixture.stem.split("-")[1]


def read(fixture: Path) -> dict[str, Any]:
    return dict(json.loads(fixture.read_text()))


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.stem)
def test_a_job_of_an_older_version_is_carried_to_its_end(fixture: Path) -> None:
    """My job went on over the upgrade: the same state, the same sums, the same bytes, and nothing left behind."""
    raw, job = read(fixture), JOBS[job_of(fixture)]
    ground = Ground(world=thawed(raw["world"]))
    job.later(ground)
    ground.settle(job.program)
    assert outcome(ground) == raw["ends"]
    assert ground.left() == []
    units = outcome(ground)["units"]
    assert units["total"] == sum(units[name] for name in ("merged", "pending", "failed", "skipped", "notRun"))


def test_every_moment_of_every_version_is_kept() -> None:
    """Each version of the record has its fixtures, one for each moment, and none is of a version to come."""
    names = {fixture.stem for fixture in FIXTURES}
    assert {f"v{VERSION}-{name}-{moment}" for name, job in JOBS.items() for moment in job.moments} <= names
    assert {int(name[1:].split("-")[0]) for name in names} == set(range(1, VERSION + 1))


def test_a_fixture_is_the_world_as_it_was() -> None:
    """Freezing what was thawed gives the same file: ETags, access policies and uncommitted blocks included."""
    raw = frozen_at(JOBS["lines"], JOBS["lines"].moments["verdict"])
    assert frozen(thawed(raw)) == raw
    records = [blob["name"] for blob in raw["control"][STATE]["blobs"] if blob["name"].startswith("records/")]
    assert len(records) == 1
