"""How big a task is."""

from __future__ import annotations

import pytest

from controller.split.sizes import Sizing, sizing, sizing_of
from shared.errors import Refused
from shared.manifest.models import Compute, Input, Range, Split
from shared.record import InputFact
from tests.builders import NOW, a_manifest
from tests.split.ground import blobs_manifest, lines_manifest

MIB, GIB = 2**20, 2**30


@pytest.mark.parametrize(
    ("size", "tasks"),
    [(0, 1), (10, 1), (3 * MIB, 3), (40 * MIB, 40), (30 * GIB, 80), (100 * GIB, 100)],
)
def test_auto_makes_four_tasks_a_slot_between_1_mib_and_1_gib(size: int, tasks: int) -> None:
    """10 nodes of 2 slots: 80 tasks, fewer for a small input, more for a very big one."""
    manifest = lines_manifest().model_copy(update={"compute": Compute(vm_size="a", max_nodes=10, slots=2)})
    assert sizing(manifest, None, size) == Sizing(size, cuts=tasks, tasks=tasks)


def test_stated_sizes_of_one_blob_are_taken_as_they_are() -> None:
    """Lines and bytes combine; the number of tasks is foretold only where it can be."""
    both = sizing(lines_manifest(units_per_task=5, bytes_per_task=MIB), None, 10 * MIB)
    assert both == Sizing(10 * MIB, per_task=5, bytes_per_task=MIB)
    assert sizing(lines_manifest(bytes_per_task=MIB), None, 10 * MIB + 1).tasks == 11
    assert sizing(lines_manifest(tasks=7), None, 100) == Sizing(100, cuts=7, tasks=7)


@pytest.mark.parametrize(
    ("split", "per_task", "tasks"), [(Split(), 1, 10), (Split(units_per_task=4), 4, 3), (Split(tasks=4), 3, 4)]
)
def test_listed_units_are_one_a_task_unless_the_manifest_says_otherwise(
    split: Split, per_task: int, tasks: int
) -> None:
    """`unitsPerTask` is exact; `tasks` makes at most that many."""
    manifest = a_manifest(input=Input(kind="items", items=tuple(range(10))), split=split)
    assert sizing(manifest, 10, 0) == Sizing(per_task=per_task, tasks=tasks)


def test_what_was_frozen_is_what_is_cut_by() -> None:
    """A later pass cuts by the numbers in the record, whatever the rules are then."""
    for manifest in (lines_manifest(), lines_manifest(tasks=3), lines_manifest(units_per_task=2)):
        sized = sizing(manifest, None, 5 * MIB)
        fact = InputFact(
            at=NOW,
            blobs=1,
            bytes=5 * MIB,
            per_task=sized.per_task,
            bytes_per_task=sized.bytes_per_task,
            tasks=sized.tasks,
        )
        assert sizing_of(fact) == sized


def test_more_than_a_million_tasks_are_refused_with_the_way_out() -> None:
    """1,000,001 blobs, one a task, cannot be; the message says what to raise."""
    one = blobs_manifest().model_copy(update={"split": Split(units_per_task=1)})
    with pytest.raises(Refused, match=r"at most 1000000 .*unitsPerTask"):
        sizing(one, 1_000_001, 0)
    assert sizing(one, 1_000_000, 0).tasks == 1_000_000


@pytest.mark.parametrize(
    ("numbers", "per_task", "tasks"),
    [(1, 1, 1), (100_000, 1, 100_000), (100_001, 2, 50_001), (10**12, 10**7, 100_000)],
)
def test_a_range_without_a_size_is_one_number_a_task_as_far_as_that_goes(
    numbers: int, per_task: int, tasks: int
) -> None:
    """However long the range: it never asks for more tasks than there can be."""
    manifest = a_manifest(input=Input(kind="range", range=Range(stop=numbers)), split=Split())
    assert sizing(manifest, numbers, 0) == Sizing(per_task=per_task, tasks=tasks)


def test_more_than_500_blobs_a_task_are_refused() -> None:
    """1,001 blobs in two tasks would name 501 files in one task."""
    manifest = blobs_manifest().model_copy(update={"split": Split(tasks=2)})
    with pytest.raises(Refused, match="501 blobs a task"):
        sizing(manifest, 1001, 0)
