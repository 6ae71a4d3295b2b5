"""The formulas of pools as the service would evaluate them, through hours: nodes come, work, and go again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.autoscale import STOP, formula
from tests.autoscale import laws
from tests.autoscale.scene import Scene, scene
from tests.autoscale.scenes import MOST, SLOTS, long_tail, minutes, moved, ordinary, waves
from tests.fakes.clock import START


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    """A fresh account."""
    with scene(tmp_path) as found:
        yield found


def test_a_pool_starts_with_what_its_tasks_need_and_ends_empty(stage: Scene) -> None:
    """Twenty tasks on four slots: five nodes at once, without a sample; none is left once all is done."""
    stage.make(ordinary(20), SLOTS)
    stage.add(20, minutes(40))
    stage.run(6)
    assert (stage.seen[-1].target, stage.seen[-1].working) == (5, 5), laws.picture(stage, "not five")
    stage.run(70)
    laws.never_above(stage, MOST)
    laws.nothing_taken(stage)
    laws.empties(stage)


def test_a_pool_whose_tasks_come_late_does_not_sleep(stage: Scene) -> None:
    """The split takes a quarter of an hour longer than was predicted: the nodes wait for it."""
    stage.make(ordinary(40), SLOTS)
    stage.run(15)
    assert stage.seen[-1].nodes == MOST, laws.picture(stage, "asleep before its tasks came")
    stage.add(40, minutes(10))
    stage.run(50)
    laws.never_above(stage, MOST)
    laws.empties(stage)


def test_a_pool_that_fell_asleep_before_its_tasks_came_wakes_up(stage: Scene) -> None:
    """Nothing to do for an hour: nothing is paid for; then tasks come, and so do nodes."""
    stage.make(ordinary(40), SLOTS)
    stage.run(60)
    assert stage.seen[-1].nodes == 0, laws.picture(stage, "nodes without tasks")
    stage.add(40, minutes(10))
    stage.run(60)
    laws.never_asleep(stage)
    laws.empties(stage)


def test_a_burst_brings_all_nodes(stage: Scene) -> None:
    """Few tasks, then very many: within minutes the pool is as large as it may be, and no larger."""
    stage.make(ordinary(4), SLOTS)
    stage.add(4, minutes(60))
    stage.run(30)
    assert stage.seen[-1].nodes == 1
    stage.add(300, minutes(10))
    stage.run(12)
    assert stage.seen[-1].nodes == MOST, laws.picture(stage, "the burst was not seen")
    stage.run(120)
    laws.never_above(stage, MOST)
    laws.never_asleep(stage)
    laws.nothing_taken(stage)
    laws.empties(stage)


def test_a_long_tail_keeps_the_nodes_that_work_and_no_other(stage: Scene) -> None:
    """Most tasks end soon, three go on for hours: their nodes stay, the others go."""
    long_tail(stage)
    tail = [moment.nodes for moment in stage.seen if 60 < moment.minute < 145]
    assert 1 <= min(tail) <= max(tail) <= 3, laws.picture(stage, "idle nodes were kept")
    laws.never_above(stage, MOST)
    laws.nothing_taken(stage)
    laws.empties(stage)


def test_waves_of_preemptions_cost_time_and_no_task(stage: Scene) -> None:
    """Half of the spot nodes go every twenty minutes, and come back: every task is done in the end."""
    waves(stage)
    laws.never_above(stage, MOST)
    laws.never_asleep(stage)
    assert max(stage.starts.values()) > 1, "no wave hit a task"
    laws.empties(stage)


def test_spot_nodes_that_do_not_come_back_are_asked_for_all_the_time(stage: Scene) -> None:
    """All of them are gone for an hour: the target stays, and the work goes on when they come."""
    stage.make(ordinary(80), SLOTS)
    stage.add(80, minutes(30))
    stage.run(20)
    stage.preempt(MOST, back_after=3600)
    stage.run(55)
    assert stage.seen[-1].target == MOST, laws.picture(stage, "given up")
    stage.run(120)
    laws.never_above(stage, MOST)
    laws.empties(stage)


def test_without_any_sample_the_pool_starts_and_keeps_its_size(stage: Scene) -> None:
    """The initial number at first; later the evaluation fails rather than drop nodes that work."""
    stage.make(ordinary(40), SLOTS)
    stage.stop_samples()
    stage.add(40, minutes(90))
    stage.run(80)
    assert {moment.nodes for moment in stage.seen if moment.minute > 5} == {MOST}, laws.picture(stage, "not kept")
    run = stage.pool.autoscale_run
    assert run is not None
    assert run["error"]["code"] == "InsufficientSampleData"
    laws.nothing_taken(stage)


def test_samples_that_stop_for_a_while_change_nothing(stage: Scene) -> None:
    """The pool stays as it was, and goes on by the samples when they are back."""
    stage.make(ordinary(40), SLOTS)
    stage.add(40, minutes(70))
    stage.run(30)
    before = stage.emulator.world.settings
    stage.stop_samples()
    stage.run(30)
    assert stage.seen[-1].nodes == MOST, laws.picture(stage, "dropped")
    stage.emulator.world.settings = before
    stage.run(60)
    laws.nothing_taken(stage)
    laws.empties(stage)


def test_samples_that_come_two_minutes_late_are_good_enough(stage: Scene) -> None:
    """Nobody promises how soon they come: the pool grows, shrinks and ends all the same."""
    stage.emulator.world.settings = replace(stage.emulator.world.settings, sample_lag_seconds=115)
    stage.make(ordinary(8), SLOTS)
    stage.add(8, minutes(30))
    stage.run(25)
    stage.add(60, minutes(20))
    stage.run(15)
    assert stage.seen[-1].nodes == MOST, laws.picture(stage, "did not grow")
    stage.run(60)
    laws.never_asleep(stage)
    laws.nothing_taken(stage)
    laws.empties(stage)


def test_a_splitters_pool_has_one_node_until_its_task_has_ended(stage: Scene) -> None:
    """So does a recombiner's; nobody needs to be there to end it."""
    stage.make(formula(created=START, tasks=1, most=1, slots=1, spot=False))
    stage.run(3)
    stage.add(1, minutes(45))
    stage.run(75)
    assert max(moment.dedicated for moment in stage.seen) == 1
    laws.never_above(stage, 1)
    laws.nothing_taken(stage)
    laws.empties(stage)


def test_a_canary_has_one_node_until_the_pool_is_opened(stage: Scene) -> None:
    """One task, one node; then the rest is added and the pool grows at once, not at the next evaluation."""
    stage.make(formula(created=START, tasks=1, most=1, slots=SLOTS, spot=True), SLOTS)
    stage.add(1, minutes(25))
    stage.run(35)
    assert max(moment.nodes for moment in stage.seen) == 1, laws.picture(stage, "more than one")
    stage.change(formula(created=stage.now, tasks=200, most=MOST, slots=SLOTS, spot=True, opened=True))
    stage.add(200, minutes(10))
    stage.run(5)
    assert stage.seen[-1].nodes == MOST, laws.picture(stage, "not opened")
    stage.run(100)
    laws.never_above(stage, MOST)
    laws.nothing_taken(stage)
    laws.empties(stage)


def test_the_stop_formula_lets_tasks_end_and_leaves_nothing(stage: Scene) -> None:
    """No node that works is taken; each goes when its tasks have ended."""
    stage.make(ordinary(30), SLOTS)
    stage.add(20, minutes(30))
    stage.add(10, minutes(50))
    stage.run(20)
    stage.change(STOP)
    stage.run(50)
    laws.nothing_taken(stage)
    assert stage.seen[-1].nodes == 0, laws.picture(stage, "nodes are left")


def test_the_dedicated_formula_moves_the_work_and_never_doubles_the_pool(stage: Scene) -> None:
    """Spot nodes end what they run and go; dedicated ones come in their place, both kinds together within maxNodes."""
    moved(stage)
    later = [moment for moment in stage.seen if 70 < moment.minute < 100]
    assert {(moment.spot, moment.dedicated) for moment in later} == {(0, MOST)}, laws.picture(stage, "not moved")
    laws.never_above(stage, MOST)
    laws.never_asleep(stage)
    laws.empties(stage)


def test_dedicated_nodes_from_the_start(stage: Scene) -> None:
    """compute.spot: false."""
    stage.make(ordinary(40, spot=False), SLOTS)
    stage.add(40, minutes(30))
    stage.run(70)
    assert max(moment.dedicated for moment in stage.seen) == MOST
    assert max(moment.spot for moment in stage.seen) == 0
    laws.nothing_taken(stage)
    laws.empties(stage)
