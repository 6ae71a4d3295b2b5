"""The formula of a pool, evaluated by an interpreter of the service's grammar through virtual time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from controller.autoscale import STOP, formula
from local.batch_emulator.autoscale import FormulaError, evaluate
from tests.builders import NOW, later

Samples = dict[str, list[tuple[datetime, float]]]


def nodes(text: str, samples: Samples, now: datetime) -> tuple[float | None, float | None]:
    found = evaluate(text, samples, now, {"$CurrentDedicatedNodes": 0, "$CurrentLowPriorityNodes": 0})
    return found.dedicated, found.low_priority


def pending(values: list[float], until: datetime) -> Samples:
    """One sample each 30 seconds, the last one at `until`."""
    first = until - timedelta(seconds=30) * (len(values) - 1)
    return {"$PendingTasks": [(first + timedelta(seconds=30) * n, value) for n, value in enumerate(values)]}


SPOT = formula(created=NOW, tasks=40, most=10, slots=4, spot=True)


def test_a_new_pool_starts_with_what_its_tasks_need() -> None:
    """No sample yet: the initial number, at most maxNodes, on spot nodes only."""
    assert nodes(SPOT, {}, later(seconds=1)) == (0, 10)
    assert nodes(formula(created=NOW, tasks=3, most=10, slots=4, spot=False), {}, later(seconds=1)) == (1, 0)


def test_a_pool_whose_split_goes_on_does_not_sleep_at_zero() -> None:
    """Samples that show no task yet keep the initial number while the pool is fresh."""
    assert nodes(SPOT, pending([0.0] * 8, later(minutes=4)), later(minutes=5)) == (0, 10)


@pytest.mark.parametrize(("tasks", "wanted"), [(1.0, 1), (4.0, 1), (5.0, 2), (39.0, 10), (4000.0, 10), (0.0, 0)])
def test_later_the_slots_that_are_needed_decide(tasks: float, wanted: int) -> None:
    """Tasks over slots, rounded up, never above maxNodes; nothing waiting and nothing running: zero."""
    assert nodes(SPOT, pending([tasks] * 10, later(minutes=60)), later(minutes=61)) == (0, wanted)


def test_missing_samples_leave_the_pool_as_it_is() -> None:
    """The evaluation fails rather than drop to zero."""
    with pytest.raises(FormulaError):
        nodes(SPOT, {}, later(minutes=30))


def test_a_long_tail_keeps_the_highest_need_of_the_last_minutes() -> None:
    """One low sample among high ones takes no node away."""
    assert nodes(SPOT, pending([20.0, 20.0, 20.0, 20.0, 20.0, 0.0], later(minutes=60)), later(minutes=61)) == (0, 5)


def test_a_pool_for_one_task_has_one_node() -> None:
    """A canary: one, whatever is sampled; none when the task has ended and the pool is no longer fresh."""
    one = formula(created=NOW, tasks=1, most=1, slots=4, spot=True)
    assert nodes(one, {}, later(seconds=1)) == (0, 1)
    assert nodes(one, pending([1.0] * 8, later(minutes=30)), later(minutes=31)) == (0, 1)
    assert nodes(one, pending([0.0] * 8, later(minutes=30)), later(minutes=31)) == (0, 0)


def test_an_opened_pool_does_not_judge_by_the_samples_of_its_canary() -> None:
    """One task was pending until now: the initial number holds for an evaluation, then what is pending decides."""
    opened = formula(created=NOW, tasks=400, most=10, slots=4, spot=True, opened=True)
    assert nodes(opened, pending([1.0] * 8, NOW), later(seconds=10)) == (0, 10)
    assert nodes(opened, pending([1.0] * 8, later(minutes=3)), later(minutes=4)) == (0, 10)
    assert nodes(opened, pending([6.0] * 8, later(minutes=5)), later(minutes=6)) == (0, 2)


def test_the_stop_formula_ends_a_pool() -> None:
    """Zero nodes of either kind."""
    assert nodes(STOP, {}, later(hours=1)) == (0, 0)
