"""Up to 64 sorted tables as one, as a stream that can be taken up again at the rows it has come to. Shell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from controller.merge.csv import different_headers
from controller.merge.csv_text import read_rows
from controller.merge.levels import Group
from controller.merge.parts import State
from controller.merge.reading import turn
from controller.merge.reduce import Keyed, Layout, header_text, keyed_row, merged, reduced_row, rows_text
from controller.merge.work import Merging
from controller.transfer.fetch import Wanted

ROWS_PER_CHUNK = 1000


class Table:
    """The rows of a group, equal keys combined. `raw`: its blobs are outputs of tasks, not tables of ours."""

    def __init__(self, work: Merging, layout: Layout, group: Group, *, raw: bool) -> None:
        self.records: int | None = 0
        self._work, self._layout, self._raw = work, layout, raw
        self._delimiter = work.manifest.merge.csv.delimiter
        self._sorted = [_Sorted(work, layout, blob, raw=raw) for blob in group]

    def chunks(self, state: State | None) -> Iterator[tuple[State | None, bytes]]:
        count = 0
        if state is None:
            yield None, header_text(self._layout, self._delimiter)
        else:
            count = int(state["records"])
            for each, (offset, row) in zip(self._sorted, state["at"], strict=True):
                each.offset, each.row = offset, row
        rows = merged(self._layout, [each.rows() for each in self._sorted])
        while True:
            before = self._state(count)
            batch = list(islice(rows, ROWS_PER_CHUNK))
            if not batch:
                break
            count += len(batch)
            self.records = count
            yield before, rows_text(batch, self._delimiter)
        self.records = count

    def _state(self, records: int) -> State:
        return {"records": records, "at": [[each.offset, each.row] for each in self._sorted]}


class _Sorted:
    """One of the tables. `offset`, `row`: where the row begins that was read last and is not in the result yet, and its
    number (0: the header), for the merge keeps one row of each in hand."""

    def __init__(self, work: Merging, layout: Layout, blob: Wanted, *, raw: bool) -> None:
        self._work, self._layout, self._blob, self._raw = work, layout, blob, raw
        self._delimiter = work.manifest.merge.csv.delimiter
        self.offset, self.row = 0, 0

    def rows(self) -> Iterator[Keyed]:
        """From `offset` on, the first range under way at once; Refused, naming the task, for a row that is out of order
        or does not have the form."""
        part = turn(self._work, replace(self._blob, start=self.offset))
        return self._rows(read_rows(part, self._delimiter, self.offset), self.row)

    def _rows(self, found: Iterator[tuple[int, list[str]]], number: int) -> Iterator[Keyed]:
        last = None
        for offset, fields in found:
            if number == 0:
                self._check_header(fields)
            else:
                self.offset, self.row = offset, number
                keyed = self._keyed(number, fields, last)
                last = keyed[0]
                yield keyed
            number += 1
        self.offset, self.row = self._blob.length, max(number, 1)

    def _keyed(self, number: int, fields: list[str], last: tuple[str, ...] | None) -> Keyed:
        if self._raw:
            return keyed_row(self._layout, self._blob.task, number, fields, last)
        return reduced_row(self._layout, fields)

    def _check_header(self, fields: list[str]) -> None:
        if self._raw and tuple(fields) != self._layout.header:
            raise different_headers(self._layout.task, self._blob.task)
