"""merge.reduce: rows with the same key become one. Pure.

Outputs are sorted by the key columns, in the order of their UTF-8 bytes, field by field; so any number of them is
merged row by row. The result has the key columns in the order of `by`, then the aggregated ones in the order of the
header: sum, min and max under the column's own name, count as `<column>_count` (how many cells were not empty). It is
sorted as the outputs are. An empty cell has no value. Sums are exact; integers stay integers.
"""

from __future__ import annotations

import csv
import functools
import heapq
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from controller.merge.numbers import Number, add, number, written
from controller.merge.parts import refused
from shared.errors import Refused
from shared.manifest.models import Reduce

Key = tuple[str, ...]
Cell = Number | None
Keyed = tuple[Key, list[Cell]]
Combine = Callable[[Number, Number], Number]
_COMBINE: dict[str, Combine] = {"sum": add, "count": add, "min": min, "max": max}


@dataclass(frozen=True)
class Aggregate:
    """One column of the result: what is made of which column of the outputs."""

    column: str
    at: int
    way: str

    @property
    def name(self) -> str:
        return f"{self.column}_count" if self.way == "count" else self.column


@dataclass(frozen=True)
class Layout:
    """What the outputs' header and the manifest say together; `task` is the one whose header it is."""

    task: str
    header: tuple[str, ...]
    by: tuple[int, ...]
    aggregates: tuple[Aggregate, ...]

    @property
    def columns(self) -> list[str]:
        """The header of the result."""
        return [self.header[at] for at in self.by] + [aggregate.name for aggregate in self.aggregates]


def lay_out(reduce: Reduce, task: str, header: Sequence[str]) -> Layout:
    """Refused with MERGE where a column of the manifest is missing, or there twice."""
    ways = {column: way for way in ("sum", "min", "max", "count") for column in getattr(reduce, way)}
    for column in (*reduce.by, *ways):
        if (found := header.count(column)) != 1:
            raise refused(task, f"its header has {found or 'no'} columns {column!r}, which merge.reduce names")
    aggregates = [Aggregate(column, at, ways[column]) for at, column in enumerate(header) if column in ways]
    layout = Layout(task, tuple(header), tuple(header.index(column) for column in reduce.by), tuple(aggregates))
    if len(set(layout.columns)) < len(layout.columns):
        raise Refused("MERGE", 0, f"merge.reduce would make two columns of one name: {', '.join(layout.columns)}")
    return layout


def keyed_row(layout: Layout, task: str, position: int, row: list[str], last: Key | None) -> Keyed:
    """A row of an output as key and cells, `last` being the key of the row before it; Refused, naming the task and the
    row, where it is out of order, has too few or too many fields, or no number where one is due."""
    if len(row) != len(layout.header):
        raise refused(task, f"row {position} has {len(row)} fields, its header {len(layout.header)}")
    key = tuple(row[at] for at in layout.by)
    if last is not None and key < last:
        raise refused(task, f"row {position} is out of order: {list(key)} comes after {list(last)}")
    return key, _cells(layout, task, position, row)


def reduced_row(layout: Layout, row: list[str]) -> Keyed:
    """A row of an intermediate table of ours."""
    width = len(layout.by)
    return tuple(row[:width]), [number(cell) for cell in row[width:]]


def merged(layout: Layout, streams: Iterable[Iterator[Keyed]]) -> Iterator[Keyed]:
    """Sorted streams as one, equal keys combined. When a row is answered, all rows of its key have been read, and of
    each stream at most one row of a later key."""
    for key, rows in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        yield key, functools.reduce(lambda one, other: _together(layout, one, other), (cells for _, cells in rows))


def header_text(layout: Layout, delimiter: str) -> bytes:
    """The first row of the result."""
    return _text([layout.columns], delimiter)


def rows_text(rows: Iterable[Keyed], delimiter: str) -> bytes:
    """Rows of the result."""
    return _text(([*key, *map(written, cells)] for key, cells in rows), delimiter)


def _text(rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cells(layout: Layout, task: str, position: int, row: list[str]) -> list[Cell]:
    try:
        return [_cell(aggregate, row[aggregate.at]) for aggregate in layout.aggregates]
    except ValueError as error:
        raise refused(task, f"row {position}: {error}") from error


def _cell(aggregate: Aggregate, text: str) -> Cell:
    if aggregate.way == "count":
        return int(text != "")
    return number(text)


def _together(layout: Layout, one: list[Cell], other: list[Cell]) -> list[Cell]:
    return [_combined(*cells) for cells in zip(layout.aggregates, one, other, strict=True)]


def _combined(aggregate: Aggregate, one: Cell, other: Cell) -> Cell:
    if one is None or other is None:
        return one if other is None else other
    try:
        return _COMBINE[aggregate.way](one, other)
    except ValueError as error:
        raise Refused("MERGE", 0, f"the outputs cannot be merged: column {aggregate.column!r}: {error}") from error
