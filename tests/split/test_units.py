"""Items, numbers and combinations of a row."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.split import units
from controller.split.rows import Row
from shared.errors import Refused
from shared.manifest.models import Input, Manifest, Range, Split
from tests.builders import a_manifest

RANGES = st.builds(
    Range, start=st.integers(-20, 20), stop=st.integers(-20, 20), step=st.integers(-5, 5).filter(lambda step: step)
)


def of_items(*items: Any, per_task: int | None = None) -> Manifest:
    return a_manifest(
        input=Input(kind="items", items=items, deliver="environment"), split=Split(units_per_task=per_task)
    )


def rows(total: int, each: int) -> list[Row]:
    return [Row(at, first, min(each, total - first)) for at, first in enumerate(range(0, total, each))]


@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers(), min_size=1, max_size=4), max_size=4))
def test_a_sweep_is_the_product_of_its_lists_last_key_fastest(sweep: dict[str, list[int]]) -> None:
    """Every combination once, in the order of nested loops, without the product ever being made."""
    source = Input(kind="sweep", sweep={key: tuple(values) for key, values in sweep.items()})
    product = [dict(zip(sweep, values, strict=True)) for values in itertools.product(*sweep.values())] if sweep else []
    found = [units.value(source, position) for position in range(units.count(source))]
    assert found == product
    assert [list(unit) for unit in found] == [list(sweep)] * len(product)


def test_a_huge_sweep_costs_nothing_until_asked() -> None:
    """The last of 10^18 combinations is there at once."""
    source = Input(kind="sweep", sweep={name: tuple(range(1000)) for name in "abcdef"})
    assert units.value(source, units.count(source) - 1) == dict.fromkeys("abcdef", 999)


@given(RANGES, st.integers(1, 7))
def test_start_stop_and_step_of_all_tasks_give_each_number_once(numbers: Range, each: int) -> None:
    """A loop from START to STOP by STEP in every task passes through the range of the manifest, no number twice."""
    manifest = a_manifest(input=Input(kind="range", range=numbers), split=Split(units_per_task=each))
    found: list[int] = []
    for row in rows(numbers.count, each):
        given_to = units.environment(manifest, row)
        found += range(*(int(given_to[f"BATCHDROP_UNIT_{name}"]) for name in ("START", "STOP", "STEP")))
    assert found == list(range(numbers.start, numbers.stop, numbers.step))
    if found:
        assert given_to["BATCHDROP_UNIT_STOP"] == str(numbers.stop), "the last task ends where the range does"


@given(RANGES, st.integers(1, 7))
def test_a_range_as_file_is_one_number_a_line(numbers: Range, each: int) -> None:
    """The files of all tasks, in order, hold the numbers of the range."""
    source = Input(kind="range", range=numbers, deliver="file")
    text = b"".join(line for row in rows(numbers.count, each) for line in units.lines(source, row))
    assert [int(line) for line in text.split()] == list(range(numbers.start, numbers.stop, numbers.step))


@given(st.lists(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5), max_size=9))
def test_items_as_file_are_one_json_value_a_line(items: list[Any]) -> None:
    """Whatever an item holds, it takes one line, and reading the line gives the item."""
    source = Input(kind="items", items=tuple(items))
    lines = list(units.lines(source, Row(0, 0, len(items))))
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)
    assert [json.loads(line) for line in lines] == items


def test_the_unit_is_an_array_only_where_tasks_hold_more_than_one() -> None:
    """A task with the one unit that is left over gets an array too: programs need not tell them apart."""
    assert units.environment(of_items({"a": 1}), Row(0, 0, 1)) == {"BATCHDROP_UNIT": '{"a":1}'}
    three = of_items("x", "é", 3, per_task=2)
    assert units.environment(three, Row(0, 0, 2)) == {"BATCHDROP_UNIT": '["x","é"]'}
    assert units.environment(three, Row(1, 2, 1)) == {"BATCHDROP_UNIT": "[3]"}


def test_a_unit_over_2_kib_is_refused_by_number() -> None:
    """2,048 bytes of BATCHDROP_UNIT fit, one more does not; the message says which unit and what to do."""
    fits, too_long = "é" * 1023, "é" * 1023 + "x"
    assert len(units.environment(of_items(fits), Row(0, 0, 1))["BATCHDROP_UNIT"].encode()) == 2048
    with pytest.raises(Refused, match=r"unit 1 takes 2049 bytes.*deliver: file"):
        units.environment(of_items(fits, too_long), Row(1, 1, 1))


@pytest.mark.parametrize("unit", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_say_is_refused_by_number(unit: object) -> None:
    """No program reads NaN, Infinity or half a character: the unit is named instead."""
    with pytest.raises(Refused, match="unit 1 cannot be written as JSON"):
        list(units.lines(Input(kind="items", items=(0, unit)), Row(0, 0, 2)))
