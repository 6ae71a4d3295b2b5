"""A whole job and its pool: the controller sets formulas, the account follows them, spot nodes come and go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.emulated.ground import EmulatedGround

MOST = 4


def manifest(**more: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "numbers",
        "container": {"image": "localhost/demo:1"},
        "input": {"range": {"stop": 24}},
        "compute": {"maxNodes": MOST, "taskSlotsPerNode": 2, "dedicatedAfterPreemptions": 2},
        **more,
    }


def counted(ground: EmulatedGround) -> tuple[int, int]:
    """Nodes that are there and were not taken back: spot and dedicated."""
    pools = ground.emulator.world.account.pools.values()
    nodes = [node for pool in pools for node in pool.nodes.values() if node.state != "preempted"]
    return sum(not node.dedicated for node in nodes), sum(node.dedicated for node in nodes)


def run(ground: EmulatedGround, waves: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    """Poll until the pool is proved gone; at the polls named, two spot nodes are taken back for two minutes."""
    seen = []
    for poll in range(600):
        if poll in waves:
            ground.fault("preempt", nodes=2, backAfter=120)
        ground.poll()
        seen.append(counted(ground))
        if ground.status()["times"]["cleaned"]:
            return seen
    raise AssertionError(f"not cleaned: {ground.status()}")


@pytest.mark.stack
def test_a_job_in_waves_of_preemptions_ends_well_on_dedicated_nodes_and_within_its_size(ground: EmulatedGround) -> None:
    """Two waves, then the move; never more nodes than maxNodes, no task lost, nothing left."""
    ground.node.lasts = timedelta(minutes=10)
    ground.drop_mapping(manifest())
    seen = run(ground, waves=(12, 24))
    status = ground.status()
    assert (status["state"], status["complete"], status["units"]["merged"]) == ("succeeded", True, 24)
    assert max(spot + dedicated for spot, dedicated in seen) == MOST, seen
    assert max(dedicated for _, dedicated in seen) > 0, seen
    assert [warning["code"] for warning in status["warnings"]] == ["PREEMPTIONS"]
    assert status["attempts"]["preemptions"] >= 4
    assert status["attempts"]["retries"] == 0
    assert ground.emulator.world.account.pools == {}


@pytest.mark.stack
def test_a_job_whose_controller_is_away_leaves_no_node_behind(ground: EmulatedGround) -> None:
    """Nobody looks for hours: the tasks end, and the pool becomes empty by itself."""
    ground.node.lasts = timedelta(minutes=30)
    ground.drop_mapping(manifest())
    ground.world.clock.advance(timedelta(hours=2))
    assert counted(ground) == (0, 0)
    run(ground)
    assert ground.status()["state"] == "succeeded"


@pytest.mark.stack
def test_a_canary_has_one_node_and_the_rest_as_many_as_they_need(ground: EmulatedGround) -> None:
    """The formula is opened when the canary has passed."""
    ground.node.lasts = timedelta(minutes=10)
    ground.drop_mapping(manifest(canary=True))
    seen = run(ground)
    sizes = [spot for spot, _ in seen]
    assert sizes[: sizes.index(MOST)].count(1) > 10, sizes
    assert set(sizes[: sizes.index(1)]) <= {0}
    assert max(sizes) == MOST
    assert ground.status()["units"]["merged"] == 24
