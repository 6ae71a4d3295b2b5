"""Why it waits, why it failed: what the service shows, in the words a person reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.ports import NodeCounts, NodeError, ServiceError
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number

NONE = NodeCounts()


def started(nodes: NodeCounts, *errors: NodeError, resize: ServiceError | None = None) -> Ground:
    """A job whose pool is there, in that state."""
    ground = Ground()
    ground.world.batch.first_nodes = nodes
    ground.drop(RANGE)
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    pool.node_errors = errors
    pool.resize_errors = (resize,) if resize else ()
    ground.world.clock.advance(timedelta(seconds=5))
    ground.tick()
    ground.deliver()
    return ground


def why(ground: Ground) -> tuple[str, list[str], dict[str, Any] | None]:
    status = ground.status()
    return status["state"], [w["code"] for w in status["waiting"]], status["failure"]


@pytest.mark.parametrize(
    ("code", "told"), [("AccountCoreQuotaReached", "QUOTA_FULL"), ("AllocationTimedout", "CAPACITY")]
)
def test_a_pool_without_nodes_says_why_and_waits(code: str, told: str) -> None:
    """No quota or no capacity is waited for, with the service's word as evidence; then the job runs."""
    ground = started(NONE, resize=ServiceError(code, "no room"))
    state, waiting, failure = why(ground)
    assert (state, waiting, failure) == ("waiting", [told], None)
    assert ground.status()["waiting"][0]["evidence"]["resizeError"] == code
    (job,) = ground.open_jobs()
    ground.world.batch.pools[job].resize_errors = ()
    ground.world.batch.set_nodes(job, NodeCounts(idle=1, total=1))
    ground.settle(number)
    assert why(ground) == ("succeeded", [], None)


def test_a_job_that_waits_for_room_for_jobs_keeps_its_pool() -> None:
    """The account holds no more jobs: the pool that is there already is not taken for lost, and the job runs later."""
    ground = Ground()
    ground.world.batch.job_quota = 0
    ground.drop(RANGE)
    for _ in range(3):
        ground.world.clock.advance(timedelta(minutes=2))
        ground.tick()
        ground.deliver()
    assert why(ground) == ("waiting", ["QUOTA_FULL"], None)
    ground.world.batch.job_quota = None
    ground.settle(number)
    assert why(ground) == ("succeeded", [], None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NodeError("n1", "unusable", "ContainerInvalidImage", "manifest unknown"), "IMAGE_PULL"),
        (NodeError("n1", "unusable", "ContainerInvalidRegistry", "unauthorized"), "REGISTRY_AUTH"),
        (NodeError("n1", "unusable", "MountConfigurationError", "cannot mount"), "MOUNT"),
        (NodeError("n1", "starttaskfailed", "StartTaskFailure", "exit 1"), "START_TASK"),
    ],
)
def test_a_pool_that_can_never_work_fails_the_job_and_says_so(error: NodeError, told: str) -> None:
    """In minutes, naming node and cause; nothing is left."""
    counts = NodeCounts(unusable=1, total=1)
    ground = started(counts, error)
    ground.settle(number)
    state, _, failure = why(ground)
    assert failure is not None
    assert (state, failure["code"]) == ("failed", told)
    assert "n1" in failure["message"]
    assert ground.left() == []


def test_unusable_nodes_are_given_a_quarter_of_an_hour() -> None:
    """Lost contact may mend itself; if it does not, the job fails as NODE_UNUSABLE."""
    ground = started(NodeCounts(unusable=1, total=1), NodeError("n1", "unusable", "", "lost contact"))
    assert why(ground)[1] == ["NODE_UNUSABLE"]
    for _ in range(4):
        ground.world.clock.advance(timedelta(minutes=5))
        ground.tick()
        ground.deliver()
    failure = why(ground)[2]
    assert failure is not None
    assert failure["code"] == "NODE_UNUSABLE"


def test_idle_nodes_beside_waiting_tasks_are_told_as_stuck() -> None:
    """After ten minutes without any movement."""
    ground = started(NodeCounts(idle=1, total=1))
    for _ in range(12):
        ground.world.clock.advance(timedelta(minutes=1))
        ground.tick()
    assert why(ground)[1] == ["STUCK"]
    ground.settle(number)
    assert why(ground)[0] == "succeeded"
