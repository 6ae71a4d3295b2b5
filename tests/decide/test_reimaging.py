"""Nodes that could not fetch the reference data: which are reimaged, how often, and what is told meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.budget import Pace
from controller.decide import decide
from controller.picture import Picture
from controller.rules.case import Decision
from shared.actions import ReimageNodes, Settle
from shared.manifest.models import Compute, Reference
from shared.ports import JobSeen, NodeCounts, NodeError, PoolSeen, TaskCounts
from shared.record import Progress, Record, Reimaged, ReimagedNode
from tests.builders import JOB, NOW, a_manifest, a_record, later, running_facts

POOL = PoolSeen(JOB, "active", 2, 2, (), None, {})
IDLE = Picture(
    pool=POOL, job=JobSeen(JOB, "active", None, {}), nodes=NodeCounts(idle=1, total=1), counts=TaskCounts(active=3)
)
ENDED = later(seconds=-5)


def broken(node: str = "n1", minutes: float = 0, code: str = "BlobDownloadMiscError", **more: Any) -> NodeError:
    ended = later(minutes=minutes, seconds=-5)
    return NodeError(node, "preparationfailed", code, "no answer", **{"category": "servererror", "ended": ended} | more)


def record(pool: str | None = None, **facts: Any) -> Record:
    reference = (Reference(name="db", source="reference/db", unpack=False),)
    manifest = a_manifest(reference=reference, compute=Compute(vm_size="Standard_D2s_v5", pool=pool))
    known = {"progress": Progress(at=NOW, active=3, nodes_running=1), "first_node": NOW}
    return a_record(manifest, **running_facts() | known | facts)


def asked(known: Record, *errors: NodeError, minutes: float = 0, **seen: Any) -> Decision:
    return decide(known, replace(IDLE, unprepared=errors, **seen), later(minutes=minutes), Pace())


def handled(time: int, *, minutes: float = 0, taken: bool = True) -> Record:
    """A record that knows that node `n1` failed then."""
    ended = later(minutes=minutes, seconds=-5)
    node = ReimagedNode(
        node="n1", failed=ended, code="BlobDownloadMiscError", noted=later(minutes=minutes), time=time, asked=taken
    )
    return record(reimaged=Reimaged(rounds=time, nodes=(node,)))


def test_it_is_noted_before_it_is_asked_for() -> None:
    """Two passes: a process that dies in between gives no round away."""
    first = asked(record(), broken())
    assert (first.row, first.action, first.look) == ("reimage nodes", None, NOW)
    assert [(each.node, each.time, each.asked) for each in first.record.reimaged.nodes] == [("n1", 1, False)]
    second = asked(first.record, broken())
    assert second.action == ReimageNodes(("n1",))
    assert second.look > NOW


def test_the_wait_says_that_it_is_fetched_again_and_has_no_end() -> None:
    """The quarter of an hour does not run while it is being mended, whether Batch shows the old failure or not."""
    for errors in ((broken(),), ()):
        decision = asked(handled(1), *errors, minutes=20)
        (waiting,) = decision.record.waiting
        assert (decision.row, waiting.code, waiting.gives_up_at) == ("running", "NODE_UNUSABLE", None)
        assert "fetched again: round 1 of at most 3" in waiting.message


def test_a_node_that_is_on_its_way_is_left_alone() -> None:
    """The same failure, listed still, is no new one."""
    assert asked(handled(1), broken(), minutes=1).row == "running"


def test_the_next_failure_of_the_node_begins_the_next_round() -> None:
    """It ended at another time."""
    decision = asked(handled(1), broken(minutes=5), minutes=6)
    assert (decision.record.reimaged.rounds, decision.record.reimaged.nodes[0].time) == (2, 2)


def test_between_two_rounds_of_a_node_there_is_a_minute() -> None:
    """A node that is back within seconds does not use them up while storage is away for some more."""
    soon = asked(handled(1), broken(minutes=0.5), minutes=0.9)
    assert (soon.row, soon.record.reimaged.rounds) == ("running", 1)
    assert soon.record.waiting[0].gives_up_at is None
    assert asked(soon.record, broken(minutes=0.5), minutes=1).record.reimaged.rounds == 2


def test_after_three_rounds_the_quarter_of_an_hour_begins() -> None:
    """From the look that finds no round left: what was waited for before does not count."""
    before = asked(handled(3), minutes=20).record
    found = asked(before, broken(minutes=25), minutes=26)
    (waiting,) = found.record.waiting
    assert (found.row, found.action, waiting.gives_up_at) == ("running", None, later(minutes=41))
    assert "It was fetched again 3 times" in waiting.message
    over = asked(found.record, broken(minutes=25), minutes=41)
    assert isinstance(over.action, Settle)
    assert over.action.failure is not None
    assert over.action.failure.code == "NODE_UNUSABLE"


def test_while_another_node_of_the_last_round_is_on_its_way_the_job_waits() -> None:
    """One may be lost for good, the other still come back."""
    known = handled(3)
    second = known.reimaged.nodes[0].model_copy(update={"node": "n2", "noted": later(minutes=20)})
    known = known.model_copy(update={"reimaged": Reimaged(rounds=3, nodes=(*known.reimaged.nodes, second))})
    decision = asked(known, broken(minutes=21), minutes=40)
    assert decision.row == "running"
    assert "n2" in decision.record.waiting[0].message


def test_a_node_that_does_not_come_back_is_not_waited_for_for_ever() -> None:
    """Half an hour, unless nodes start."""
    assert asked(handled(1), broken(), minutes=29).record.waiting[0].gives_up_at is None
    assert asked(handled(1), broken(), minutes=31).record.waiting[0].gives_up_at is not None
    starts = NodeCounts(idle=1, starting=1, total=2)
    assert asked(handled(1), broken(), minutes=31, nodes=starts).record.waiting[0].gives_up_at is None


def test_each_node_is_reimaged_also_where_others_work() -> None:
    """It is paid for; several that fail together are one round."""
    busy = {"counts": TaskCounts(active=1, running=2), "nodes": NodeCounts(running=1, idle=2, total=3)}
    noted = asked(record(), broken("n1"), broken("n2", code="BlobDownloadTimedOut"), **busy)
    assert noted.record.reimaged.rounds == 1
    asks = asked(noted.record, broken("n1"), broken("n2"), **busy)
    assert asks.action == ReimageNodes(("n1", "n2"))
    assert asks.record.waiting == ()


def test_a_node_that_batch_did_not_take_is_asked_for_again() -> None:
    """It was in no state for it; not once its failure is gone from the list."""
    known = handled(1, taken=False)
    assert asked(known, broken(), minutes=1).action == ReimageNodes(("n1",))
    assert asked(known, minutes=1).action is None


@pytest.mark.parametrize(
    "error",
    [
        broken(code="FailureExitCode", category="usererror", exit_code=2),
        broken(code="BlobNotFound", category="usererror"),
        broken(code="BlobAccessDenied", category="usererror"),
        broken(code="DiskFull"),
        broken(ended=None),
    ],
    ids=["unpack", "no blob", "no right", "disk full", "no date"],
)
def test_what_would_fail_again_is_not_tried_again(error: NodeError) -> None:
    """An archive that is broken, a blob that is gone, data that is too large: told, with its end."""
    decision = asked(record(), error)
    assert (decision.row, decision.record.reimaged) == ("running", Reimaged())
    assert decision.record.waiting[0].gives_up_at == later(minutes=15)


def test_what_batch_refuses_for_good_is_not_asked_again() -> None:
    """The job is where it was without: a quarter of an hour, and the reason beside it."""
    known = handled(1, taken=False)
    refused = known.reimaged.model_copy(update={"refused": "OperationNotValidOnPool"})
    decision = asked(known.model_copy(update={"reimaged": refused}), broken())
    assert (decision.row, decision.record.waiting[0].gives_up_at) == ("running", later(minutes=15))
    assert "OperationNotValidOnPool" in decision.record.waiting[0].message


def test_nodes_of_a_shared_pool_and_of_a_spent_budget_are_left_alone() -> None:
    """Others run there; and nothing begins any more."""
    assert asked(record(pool="night"), broken()).row != "reimage nodes"
    assert asked(record(drained=NOW), broken()).row != "reimage nodes"


def test_a_record_remembers_a_hundred_nodes() -> None:
    """What fails beyond stays as it is: records do not grow with the pool."""
    nodes = tuple(ReimagedNode(node=f"x{n}", failed=ENDED, code="c", noted=NOW, time=1, asked=True) for n in range(100))
    full = record(reimaged=Reimaged(rounds=1, nodes=nodes))
    assert asked(full, broken()).row == "running"
    noted = asked(full, broken(), broken("x7", minutes=2), minutes=3).record.reimaged
    assert (len(noted.nodes), noted.rounds) == (100, 2)
