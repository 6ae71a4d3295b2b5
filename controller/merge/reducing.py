"""Many sorted outputs as one, at most 64 open at a time: in levels, through intermediate blobs that are kept. Shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from controller.merge.csv import different_headers
from controller.merge.csv_text import read_rows
from controller.merge.parts import Part
from controller.merge.reading import turn
from controller.merge.reduce import Keyed, Layout, keyed_rows, lay_out, merged, reduced_rows, table
from controller.merge.work import Merging
from controller.transfer.fetch import Wanted
from controller.transfer.upload import Upload
from shared.errors import Conflict
from shared.manifest.models import Reduce
from shared.names import WORKSPACE, output_container
from shared.ports import ABSENT

OPEN = 64
PREFIX = f"{WORKSPACE}/reduce-"


class Reduction:
    """The result of merge.reduce as a stream. `records`: its rows without the header, so far.

    Intermediate blobs are a pure function of the frozen outputs, made once and found again by a later pass.
    """

    def __init__(self, work: Merging, reduce: Reduce) -> None:
        self.records: int | None = 0
        self._work, self._reduce = work, reduce
        self._container = output_container(work.job)
        self._delimiter = work.manifest.merge.csv.delimiter
        found = work.ports.work.list(self._container, PREFIX)
        self._made = {item.name: self._intermediate(item.name, item.etag, item.length) for item in found}

    def chunks(self) -> Iterator[bytes]:
        """Nothing where all outputs are empty."""
        layout = self._layout()
        if layout is None:
            return
        blobs: Iterator[Wanted] = self._outputs()
        level = 0
        while True:
            groups = _groups(blobs)
            first, second = next(groups), next(groups, None)
            if second is None:
                break
            numbered = enumerate(chain((first, second), groups))
            blobs = iter([self._reduced(layout, level, number, group) for number, group in numbered])
            level += 1
        yield from table(layout, self._delimiter, self._counted(self._merged(layout, level, first)))

    def _layout(self) -> Layout | None:
        for blob in self._outputs():
            header = next(self._rows(turn(self._work, blob)), None)
            if header is not None:
                return lay_out(self._reduce, blob.task, header)
        return None

    def _outputs(self) -> Iterator[Wanted]:
        return (self._work.wanted(output) for output in self._work.outputs() if output.length)

    def _reduced(self, layout: Layout, level: int, number: int, group: list[Wanted]) -> Wanted:
        name = f"{PREFIX}{level}-{number:06d}.csv"
        if name in self._made:
            return self._made[name]
        upload = Upload(self._work.ports.work, self._work.crew, (self._container, name), when=ABSENT)
        for chunk in table(layout, self._delimiter, self._merged(layout, level, group)):
            upload.add(chunk)
        try:
            return self._intermediate(name, upload.close().result(), upload.length)
        except Conflict:
            there = self._work.ports.work.head(self._container, name)
            if there is None:
                raise
            return self._intermediate(name, there.etag, there.length)

    def _merged(self, layout: Layout, level: int, group: list[Wanted]) -> Iterator[Keyed]:
        read = self._raw if level == 0 else self._again
        return merged(layout, [read(layout, turn(self._work, blob)) for blob in group])

    def _raw(self, layout: Layout, part: Part) -> Iterator[Keyed]:
        rows = self._rows(part)
        header = next(rows, None)
        if header is None:
            return
        if tuple(header) != layout.header:
            raise different_headers(layout.task, part.task)
        yield from keyed_rows(layout, part.task, rows)

    def _again(self, layout: Layout, part: Part) -> Iterator[Keyed]:
        rows = self._rows(part)
        next(rows, None)
        yield from reduced_rows(layout, rows)

    def _rows(self, part: Part) -> Iterator[list[str]]:
        return read_rows(part, self._delimiter)

    def _counted(self, rows: Iterable[Keyed]) -> Iterator[Keyed]:
        for count, row in enumerate(rows, start=1):
            self.records = count
            yield row

    def _intermediate(self, name: str, etag: str, length: int) -> Wanted:
        return Wanted(name, self._container, name, etag, length)


def _groups(blobs: Iterator[Wanted]) -> Iterator[list[Wanted]]:
    while group := list(islice(blobs, OPEN)):
        yield group
