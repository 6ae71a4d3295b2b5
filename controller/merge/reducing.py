"""Many sorted outputs as one, at most 64 open at a time: in levels, through intermediate tables. Shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from controller.merge.csv_text import read_rows
from controller.merge.levels import Group, Levels
from controller.merge.parts import State
from controller.merge.reading import turn
from controller.merge.reduce import Layout, lay_out
from controller.merge.streaming import Place, write
from controller.merge.table import Table
from controller.merge.work import Merging
from controller.transfer.fetch import Wanted
from controller.transfer.upload import BLOCK
from shared.manifest.models import Reduce

OPEN = 64
KIND = "reduce"


class Reduction:
    """The result of merge.reduce. `records`: its rows without the header, so far."""

    def __init__(self, work: Merging, reduce: Reduce) -> None:
        self._work, self._reduce = work, reduce
        self._delimiter = work.manifest.merge.csv.delimiter
        self._table: Table | None = None

    @property
    def records(self) -> int | None:
        return self._table.records if self._table else 0

    def chunks(self, state: State | None) -> Iterator[tuple[State | None, bytes]]:
        """Nothing where all outputs are empty."""
        layout = self._layout()
        if layout is None:
            return
        levels = Levels(self._work, KIND, ".csv")
        level, last = levels.narrowed(
            self._outputs(), _groups, lambda place, level, group: self._intermediate(layout, place, level, group)
        )
        self._table = Table(self._work, layout, last, raw=level == 0)
        yield from self._table.chunks(state)

    def _intermediate(self, layout: Layout, place: Place, level: int, group: Group) -> int:
        return write(self._work, place, Table(self._work, layout, group, raw=level == 0), BLOCK).length

    def _layout(self) -> Layout | None:
        for blob in self._outputs():
            found = next(read_rows(turn(self._work, blob), self._delimiter), None)
            if found is not None:
                return lay_out(self._reduce, blob.task, found[1])
        return None

    def _outputs(self) -> Iterator[Wanted]:
        return (self._work.wanted(output) for output in self._work.outputs() if output.length)


def _groups(_: int, blobs: Iterable[Wanted]) -> Iterator[Group]:
    rest = iter(blobs)
    while group := list(islice(rest, OPEN)):
        yield group
