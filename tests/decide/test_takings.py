"""How often a task has lost its spot node, from looks that see only a part of it."""

from __future__ import annotations

from shared.takings import MOST_LOST, Run, Takings

NO_NODE: frozenset[str] = frozenset()
A, B = frozenset({"a"}), frozenset({"b"})


def test_a_task_that_runs_again_after_its_node_was_taken_has_lost_it() -> None:
    """At once on another node, or later on any."""
    first = Takings().after([Run(1, "a", "8:00"), Run(2, "a", "8:00"), Run(3, "b", "8:00")], NO_NODE)
    second = first.after([Run(1, "b", "8:05"), Run(3, "b", "8:00")], A)
    assert second.times == {1: 1}
    third = second.after([Run(1, "b", "8:05"), Run(2, "b", "8:07")], A)
    assert third.times == {1: 1, 2: 1}
    assert third.worst == (1, 1)


def test_it_adds_up_over_its_runs() -> None:
    """Three nodes, one after the other."""
    takings = Takings().after([Run(7, "a", "8:00")], NO_NODE)
    for node, gone, start in (("b", A, "8:10"), ("a", B, "8:20"), ("b", A, "8:30")):
        takings = takings.after([], gone).after([Run(7, node, start)], gone)
    assert takings.worst == (7, 3)


def test_a_restart_on_a_node_that_stays_is_no_preemption() -> None:
    """Batch repeats a nonzero exit where it ran."""
    takings = Takings().after([Run(1, "a", "8:00")], NO_NODE).after([Run(1, "a", "8:05")], B)
    assert takings.worst is None


def test_a_task_that_ended_with_its_node_is_not_counted() -> None:
    """It never runs again; nor does one count that a lagging list still shows on its node."""
    takings = Takings().after([Run(1, "a", "8:00"), Run(2, "a", "8:00")], NO_NODE)
    takings = takings.after([Run(2, "a", "8:00")], A)
    assert (takings.worst, set(takings.lost)) == (None, {1, 2})
    assert takings.after([Run(2, "b", "8:09")], A).times == {2: 1}


def test_what_was_sent_out_again_for_another_reason_is_forgotten() -> None:
    """Its next start is no proof."""
    takings = Takings().after([Run(1, "a", "8:00")], NO_NODE).after([], A).without([1])
    assert takings.after([Run(1, "b", "8:09")], A).worst is None


def test_what_is_kept_is_bounded_and_read_as_written() -> None:
    """Tasks that ended with their nodes are not waited for without end."""
    many = [Run(row, "a", "8:00") for row in range(MOST_LOST + 10)]
    takings = Takings().after(many, NO_NODE).after([Run(0, "b", "8:01")], A)
    assert len(takings.lost) == MOST_LOST
    assert Takings.from_json(takings.to_json()) == takings
