"""Why tasks wait on a pool, by what the service shows: each told by name, with when it is given up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.budget import Pace
from controller.decide import decide
from controller.picture import Picture
from controller.rules.case import Decision
from shared.actions import Settle
from shared.ports import JobSeen, NodeCounts, NodeError, PoolSeen, ServiceError, TaskCounts
from shared.record import Progress, Record, Waiting
from tests.builders import JOB, NOW, a_record, later, running_facts

POOL = PoolSeen(JOB, "active", 4, 4, (), None, {})
WAITS = Picture(
    pool=POOL, job=JobSeen(JOB, "active", None, {}), nodes=NodeCounts(), counts=TaskCounts(active=3), unfinished=True
)
FULL = ServiceError("AccountCoreQuotaReached", "no cores")
LOST = NodeError("n1", "unusable", "", "lost contact")
NO_FORMULA = ServiceError("InsufficientSampleData", "no samples")


def asked(seen: Picture, minutes: float = 0, **facts: Any) -> Decision:
    """A job whose tasks wait, so many minutes after nothing moved any more."""
    before = Progress(
        at=NOW,
        active=3,
        nodes_running=seen.nodes.running + seen.nodes.idle,
        nodes_starting=seen.nodes.starting,
        succeeded=seen.counts.succeeded,
    )
    known: dict[str, Any] = {"progress": before, "quiet_since": NOW}
    return decide(record(**known | facts), seen, later(minutes=minutes), Pace())


def record(**facts: Any) -> Record:
    return a_record(**running_facts() | facts)


def codes(decision: Decision) -> list[str]:
    return [each.code for each in decision.record.waiting]


CASES: list[tuple[str, Picture, float, list[str]]] = [
    ("nothing is wrong yet", WAITS, 5, []),
    ("no node, and no reason is given", WAITS, 10, ["CAPACITY"]),
    ("the pool wants no node", replace(WAITS, pool=replace(POOL, target=0)), 10, ["STUCK"]),
    ("its formula fails", replace(WAITS, pool=replace(POOL, autoscale_error=NO_FORMULA)), 0, ["STUCK"]),
    ("nodes start", replace(WAITS, nodes=NodeCounts(starting=2, total=2)), 29, []),
    ("nodes start for ever", replace(WAITS, nodes=NodeCounts(starting=2, total=2)), 30, ["STUCK"]),
    ("nodes are idle", replace(WAITS, nodes=NodeCounts(idle=2, total=2)), 10, ["STUCK"]),
    ("nodes take no tasks", replace(WAITS, nodes=NodeCounts(total=2)), 10, ["STUCK"]),
    ("no quota", replace(WAITS, pool=replace(POOL, resize_errors=(FULL,))), 0, ["QUOTA_FULL"]),
    (
        "some quota: nodes come",
        replace(WAITS, pool=replace(POOL, resize_errors=(FULL,)), nodes=NodeCounts(starting=1, total=1)),
        0,
        [],
    ),
    ("taken back", replace(WAITS, nodes=NodeCounts(preempted=2, total=2)), 0, ["PREEMPTIONS"]),
    (
        "unusable, and no quota for others: the node is the nearer cause",
        replace(
            WAITS,
            pool=replace(POOL, resize_errors=(FULL,)),
            nodes=NodeCounts(unusable=1, total=1),
            node_errors=(LOST,),
        ),
        0,
        ["NODE_UNUSABLE"],
    ),
    ("somebody disabled the job", replace(WAITS, job=JobSeen(JOB, "disabled", None, {})), 0, ["STUCK"]),
]


@pytest.mark.parametrize(("seen", "minutes", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_the_service_shows_is_told_by_name(seen: Picture, minutes: float, told: list[str]) -> None:
    """At once where the service says it, after a while where it says nothing."""
    assert codes(asked(seen, minutes)) == told


def test_a_job_that_the_controller_holds_is_not_told_as_disabled_by_someone() -> None:
    """A spent budget holds the job."""
    held = replace(WAITS, job=JobSeen(JOB, "disabled", None, {}), counts=TaskCounts(active=2, running=1))
    assert codes(asked(held, drained=NOW)) == []


def test_while_tasks_run_nothing_is_told() -> None:
    """Whatever else the pool shows."""
    busy = replace(WAITS, pool=replace(POOL, resize_errors=(FULL,)), counts=TaskCounts(active=2, running=1))
    assert codes(asked(busy, 60)) == []


def test_nodes_of_no_use_end_the_job_after_a_quarter_of_an_hour_also_when_tasks_ran_before() -> None:
    """An image that went from the registry in mid-job, for instance: what ran is kept, by tolerance."""
    gone = NodeError("n1", "unusable", "ContainerInvalidImage", "manifest unknown")
    seen = replace(WAITS, nodes=NodeCounts(unusable=1, total=1), node_errors=(gone,))
    since = Waiting(code="IMAGE_PULL", message="", since=NOW)
    ran: dict[str, Any] = {"first_task": NOW, "first_node": NOW, "waiting": (since,)}
    patient = asked(seen, 14, **ran)
    assert (codes(patient), patient.record.waiting[0].gives_up_at) == (["IMAGE_PULL"], later(minutes=15))
    over = asked(seen, 15, **ran)
    assert isinstance(over.action, Settle)
    assert (over.action.how, over.action.failure and over.action.failure.code) == ("stopped", "IMAGE_PULL")


def test_a_cause_that_is_away_no_longer_ends_the_job() -> None:
    """What counts is what is seen now, not what was told before."""
    since = Waiting(code="NODE_UNUSABLE", message="", since=NOW)
    mended = replace(WAITS, nodes=NodeCounts(idle=1, total=1))
    assert asked(mended, 20, waiting=(since,), quiet_since=None).row == "running"


def test_a_stuck_job_is_given_up_after_an_hour_unless_tasks_have_ended() -> None:
    """Idle nodes are paid for; but what works now and then is not thrown away."""
    seen = replace(WAITS, nodes=NodeCounts(idle=2, total=2))
    assert asked(seen, 59).record.waiting[0].gives_up_at == later(minutes=60)
    assert asked(seen, 60).row == "unable"
    some = replace(seen, counts=TaskCounts(active=2, completed=1, succeeded=1))
    decision = asked(some, 60)
    assert (decision.row, codes(decision)) == ("running", ["STUCK"])


def test_movement_begins_the_wait_anew() -> None:
    """A node that came or went is movement."""
    seen = replace(WAITS, nodes=NodeCounts(idle=2, total=2))
    came = asked(seen, 15, progress=Progress(at=NOW, active=3, nodes_running=1))
    assert came.record.quiet_since is None
    assert codes(asked(seen, 1, quiet_since=came.record.quiet_since)) == []


def test_one_node_that_fails_while_others_start_does_not_end_the_job() -> None:
    """It may have met a moment's trouble with the registry; three alike have not, and with no other to come one is
    enough."""
    wrong = NodeError("n1", "unusable", "ContainerInvalidImage", "manifest unknown")
    for unusable, starting, row in ((1, 3, "running"), (3, 1, "unable"), (1, 0, "unable")):
        nodes = NodeCounts(unusable=unusable, starting=starting, total=unusable + starting)
        assert asked(replace(WAITS, nodes=nodes, node_errors=(wrong,))).row == row


def test_what_costs_nothing_is_waited_for_until_the_queue_timeout() -> None:
    """Nodes that start for very long may fetch a very large image; a pool without nodes costs nothing."""
    slow = replace(WAITS, nodes=NodeCounts(starting=2, total=2))
    assert asked(slow, 120).row == "running"
    assert asked(slow, 120).record.waiting[0].gives_up_at == later(days=2)
    assert asked(replace(WAITS, pool=replace(POOL, target=0)), 120).row == "running"
