"""Items, numbers and combinations: the values of a row, computed from the manifest alone. Pure.

A sweep's combinations are found by arithmetic, last key fastest; the product is never made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from controller.split.rows import Row
from controller.split.sizes import sizing
from shared.errors import Defect, Refused
from shared.manifest.models import Input, Manifest, Range

MOST_ENVIRONMENT = 2048
"""Bytes of BATCHDROP_UNIT, in UTF-8."""


def count(source: Input) -> int:
    """How many units items, range or sweep hold."""
    match source.kind:
        case "items":
            return len(source.items)
        case "range":
            return _range(source).count
        case "sweep":
            return _combinations(source)
        case _:
            raise Defect(f"the units of an input of kind {source.kind} are not in its manifest")


def value(source: Input, position: int) -> Any:
    """The unit at a job-wide position: an item, a number, or an object of a sweep."""
    match source.kind:
        case "items":
            return source.items[position]
        case "range":
            return _numbers(_range(source))[position]
        case "sweep":
            return _combination(source, position)
        case _:
            raise Defect(f"the units of an input of kind {source.kind} are not in its manifest")


def lines(source: Input, row: Row) -> Iterator[bytes]:
    """The file a task reads: one JSON value a line; a range: one number a line."""
    for position in range(row.first, row.first + row.units):
        yield to_json(value(source, position), position).encode() + b"\n"


def environment(manifest: Manifest, row: Row) -> dict[str, str]:
    """BATCHDROP_UNIT for items and sweep, BATCHDROP_UNIT_START, _STOP and _STEP for range.

    BATCHDROP_UNIT is an array iff tasks hold more than one unit (the last one too). Refused with SPLIT, naming the
    unit, where it would be over 2 KiB.
    """
    source = manifest.input
    if source.kind == "range":
        return _interval(_range(source), row)
    held = [to_json(value(source, position), position) for position in range(row.first, row.first + row.units)]
    text = f"[{','.join(held)}]" if units_per_task(manifest) > 1 else held[0]
    if len(text.encode()) > MOST_ENVIRONMENT:
        last = f" to {row.first + row.units - 1}" if row.units > 1 else ""
        raise Refused(
            "SPLIT",
            0,
            f"unit {row.first}{last} takes {len(text.encode())} bytes as BATCHDROP_UNIT; at most {MOST_ENVIRONMENT} go"
            " into the environment of a task. Use input.deliver: file.",
        )
    return {"BATCHDROP_UNIT": text}


def units_per_task(manifest: Manifest) -> int:
    """Units a task holds, where the manifest itself holds them all."""
    return sizing(manifest, count(manifest.input), 0).per_task or 1


def to_json(unit: Any, position: int) -> str:
    """One JSON value on one line; Refused with SPLIT, naming the unit, for what JSON cannot say (such as .nan)."""
    try:
        text = json.dumps(unit, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode()
    except ValueError as error:
        raise Refused("SPLIT", 0, f"unit {position} cannot be written as JSON: {error}") from error
    return text


def _interval(numbers: Range, row: Row) -> dict[str, str]:
    end = row.first + row.units
    stop = numbers.start + end * numbers.step if end < numbers.count else numbers.stop
    return {
        "BATCHDROP_UNIT_START": str(numbers.start + row.first * numbers.step),
        "BATCHDROP_UNIT_STOP": str(stop),
        "BATCHDROP_UNIT_STEP": str(numbers.step),
    }


def _combinations(source: Input) -> int:
    total = 1
    for values in source.sweep.values():
        total *= len(values)
    return total if source.sweep else 0


def _combination(source: Input, position: int) -> dict[str, Any]:
    found: list[tuple[str, Any]] = []
    for key, values in reversed(source.sweep.items()):
        position, at = divmod(position, len(values))
        found.append((key, values[at]))
    return dict(reversed(found))


def _numbers(numbers: Range) -> range:
    return range(numbers.start, numbers.stop, numbers.step)


def _range(source: Input) -> Range:
    if source.range is None:
        raise Defect("an input of kind range without its range")
    return source.range
