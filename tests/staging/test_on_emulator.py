"""Mounts and reference data on the emulated Batch account: a mount that fails, data that is fetched once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.emulated.ground import EmulatedGround

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


def test_a_mount_that_fails_ends_the_job_in_minutes_and_says_so(ground: EmulatedGround) -> None:
    """MOUNT, with the node's own words as evidence and what to do; nothing is left of it."""
    ground.emulator.world.faults.failing_mounts["*"] = "mount error(13): permission denied"
    ground.drop(MOUNTED)
    before = ground.world.clock.now()
    ground.poll_until(lambda: bool(ground.status()["final"]), timedelta(minutes=20))
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", "MOUNT")
    assert status["failure"]["evidence"]["error"] == "MountConfigurationError"
    assert "rights" in status["failure"]["next"]
    assert status["units"]["notRun"] == 4
    assert ground.world.clock.now() - before <= timedelta(minutes=10)
    batch = ground.world.ports.batch
    ground.poll_until(lambda: not [*batch.owned_pools(), *batch.owned_jobs()], timedelta(minutes=10))


def test_reference_data_is_fetched_once_per_node(ground: EmulatedGround) -> None:
    """Two nodes, four slots each, 24 tasks: each node is prepared once, before any of its tasks."""
    ground.put("reference/db/table", "x")
    ground.drop(REFERRING)
    ground.poll_until(lambda: bool(ground.status()["final"]), timedelta(minutes=60))
    assert ground.status()["state"] == "succeeded"
    launches = ground.node.launches
    nodes = {launch.node_id for launch in launches if launch.kind == "task"}
    prepared = Counter(launch.node_id for launch in launches if launch.kind == "jobpreparation")
    assert prepared == dict.fromkeys(nodes, 1)
    assert len(nodes) == 2
    for node in nodes:
        first = next(launch for launch in launches if launch.node_id == node and launch.job_id)
        assert first.kind == "jobpreparation"
    fetched = [launch.task.get("resourceFiles") or [] for launch in launches if launch.kind == "task"]
    assert not any("reference/db" in file["httpUrl"] for files in fetched for file in files)
