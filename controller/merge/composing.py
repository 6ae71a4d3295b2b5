"""The outputs of a job as one blob, put together within the storage service: no byte comes through here. Shell.

One request for each output that is not empty (one more for each GiB beyond the first), in 8 threads, and one to
commit. More than 50,000 are taken in levels. `lines` costs one more small request for each: it looks at the last byte,
and where that is no newline, one is staged behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from controller.merge.levels import Group, Levels
from controller.merge.pieces import NEWLINE, Piece, grouped, passed, pieces_of, sliced
from controller.merge.streaming import Describe, Place, Written, nothing
from controller.merge.work import Merging, changed
from controller.transfer.fetch import Wanted
from shared.errors import Defect, Vanished
from shared.ports import ABSENT
from shared.record import MergeCursor

KIND = "compose"
LONG = 64 * 2**20
"""A request that moves so many bytes within the store takes as long as one more."""


class Composition:
    """Unsupported, before anything is staged, where the store knows no such request."""

    def __init__(self, work: Merging) -> None:
        self._work = work
        self._lines = work.by == "lines"

    def write(self, place: Place, describe: Describe, content_type: str) -> Written:
        """Commit the result at `place`; Conflict where a blob is there, or blocks of earlier passes are gone."""
        level, last = Levels(self._work, KIND).narrowed(self._outputs(), self._groups, self._intermediate)
        return self._commit(place, level, last, describe, content_type)

    def _outputs(self) -> Iterator[Wanted]:
        return (self._work.wanted(output) for output in self._work.outputs() if output.length)

    def _groups(self, level: int, blobs: Iterable[Wanted]) -> Iterator[Group]:
        return grouped(blobs, self._work.sizes, spare=int(self._lines and level == 0))

    def _intermediate(self, place: Place, level: int, group: Group) -> int:
        return self._commit(place, level, group, nothing, "application/octet-stream").length

    def _commit(self, place: Place, level: int, group: Group, describe: Describe, content_type: str) -> Written:
        blocks, length = self._stage(place, level, group)
        etag = self._work.ports.work.commit(
            *place, blocks, when=ABSENT, metadata=describe(None), content_type=content_type
        )
        there = self._work.ports.work.head(*place)
        if there is not None and there.etag == etag and there.length != length:
            self._work.ports.work.delete(*place)
            raise Defect(f"{'/'.join(place)} was composed of {length} bytes and has {there.length}")
        return Written(etag, length, None)

    def _stage(self, place: Place, level: int, group: Group) -> tuple[int, int]:
        """How many blocks there are now, and their bytes."""
        cursor = self._work.pulse.cursor.of("/".join(place), self._work.sizes.piece)
        self._work.pulse.cursor = cursor
        for pieces in sliced(self._pieces(group, level, cursor), self._work.sizes):
            self._stage_all(place, cursor.blocks, pieces)
            cursor = passed(cursor, pieces)
            self._work.pulse.cursor = cursor
            self._work.pulse.moved(requests=sum(1 + piece.length // LONG for piece in pieces))
        ranges = sum(-(-blob.length // self._work.sizes.piece) for blob in group)
        newlines = cursor.blocks - ranges
        return cursor.blocks, sum(blob.length for blob in group) + newlines * len(NEWLINE)

    def _pieces(self, group: Group, level: int, cursor: MergeCursor) -> Iterator[Piece]:
        rest, skip = iter(group[cursor.rows :]), cursor.skip
        while batch := list(islice(rest, self._work.sizes.batch)):
            asked = [self._work.crew.start(self._ended, blob, level) for blob in batch]
            for blob, answer in zip(batch, asked, strict=True):
                yield from pieces_of(blob, self._work.sizes.piece, ended=answer.result())[skip:]
                skip = 0

    def _ended(self, blob: Wanted, level: int) -> bool:
        """Whether nothing is to be put behind it."""
        if not self._lines or level > 0:
            return True
        try:
            last = self._work.ports.work.stream(
                blob.container, blob.name, etag=blob.etag, offset=blob.length - 1, length=1
            )
            return b"".join(last) == NEWLINE
        except Vanished as error:
            raise changed(blob.task) from error

    def _stage_all(self, place: Place, first: int, pieces: list[Piece]) -> None:
        """The very first one alone: a store that refuses it has nothing of ours staged."""
        alone = 1 if first == 0 else 0
        for number, piece in enumerate(pieces[:alone]):
            self._stage_one(place, number, piece)
        rest = enumerate(pieces[alone:], start=first + alone)
        for answer in [self._work.crew.start(self._stage_one, place, number, piece) for number, piece in rest]:
            answer.result()

    def _stage_one(self, place: Place, number: int, piece: Piece) -> None:
        port, blob = self._work.ports.work, piece.blob
        if blob is None:
            port.stage(*place, number, NEWLINE)
            return
        source = (blob.container, blob.name)
        try:
            port.stage_from(*place, number, source, blob.etag, piece.offset, piece.length)
        except Vanished as error:
            if error.thing == "/".join(source):
                raise changed(blob.task) from error
            raise
