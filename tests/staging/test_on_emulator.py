"""Mounts and reference data on the emulated Batch account: a mount that fails, data that is fetched once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sharing.emulated import Emulated, emulated

pytestmark = pytest.mark.stack
MOUNTED = """
version: 1
container: {image: "localhost/x:1"}
input: {range: {stop: 4}}
merge: {by: none}
compute: {staging: mount}
"""
REFERRING = """
version: 1
container: {image: "localhost/x:1", args: [$(REFERENCE_DIR)/db/table]}
reference: [{name: db, from: reference/db/}]
input: {range: {stop: 24}}
split: {unitsPerTask: 1}
merge: {by: none}
compute: {maxNodes: 2, taskSlotsPerNode: 4, spot: false}
"""


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Emulated]:
    with emulated(tmp_path) as found:
        yield found


def test_a_mount_that_fails_ends_the_job_in_minutes_and_says_so(ground: Emulated) -> None:
    """MOUNT, with the node's own words as evidence and what to do; nothing is left of it."""
    ground.wire.server.emulator.world.faults.failing_mounts["*"] = "mount error(13): permission denied"
    ground.drop(MOUNTED)
    before = ground.world.clock.now()
    ground.minutes(20, until=lambda: bool(ground.status()["final"]))
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", "MOUNT")
    assert status["failure"]["evidence"]["error"] == "MountConfigurationError"
    assert "rights" in status["failure"]["next"]
    assert status["units"]["notRun"] == 4
    assert ground.world.clock.now() - before <= timedelta(minutes=10)
    ground.minutes(10, until=lambda: not list(ground.wire.batch.owned_pools()))
    assert list(ground.wire.batch.owned_pools()) == list(ground.wire.batch.owned_jobs()) == []


def test_reference_data_is_fetched_once_per_node(ground: Emulated) -> None:
    """Two nodes, four slots each, 24 tasks: each node is prepared once, before any of its tasks."""
    ground.put("reference/db/table", "x")
    ground.drop(REFERRING)
    ground.minutes(60, until=ground.over)
    assert ground.status()["state"] == "succeeded"
    launches = ground.wire.launches
    nodes = {launch.node_id for launch in launches if launch.kind == "task"}
    prepared = Counter(launch.node_id for launch in launches if launch.kind == "jobpreparation")
    assert prepared == dict.fromkeys(nodes, 1)
    assert len(nodes) == 2
    for node in nodes:
        first = next(launch for launch in launches if launch.node_id == node and launch.job_id)
        assert first.kind == "jobpreparation"
    fetched = [launch.task.get("resourceFiles") or [] for launch in launches if launch.kind == "task"]
    assert not any("reference/db" in file["httpUrl"] for files in fetched for file in files)
