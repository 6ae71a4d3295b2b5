"""split.by: bytes. Records of one length, with nothing between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.split.formats.limits import limit_of
from controller.split.formats.opening import wrong
from controller.split.parts import Head, Part, Read
from controller.split.sizes import Sizing
from shared.record import SplitCursor

ENDLESS = 2**62


@dataclass(frozen=True)
class BytesFinder:
    """Units are records with `unitsPerTask`, else bytes. Nothing needs to be read to cut them."""

    record_size: int = 1

    def probe(self, read: Read, size: int | None) -> Head:
        if size is not None:
            self._check(size)
        return Head(size=size)

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        part = self._part(head, sizing, start.offset)
        position = start.offset
        for chunk in chunks:
            position += len(chunk)
            while part.offset + part.length < position:
                yield part
                part = self._part(head, sizing, part.offset + part.length)
        self._check(position)
        if position > part.offset:
            yield self._ranged(sizing, part.offset, position)

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        begin = start.offset
        while begin < size:
            part = self._part(head, sizing, begin)
            end = min(size, begin + part.length)
            yield self._ranged(sizing, begin, end)
            begin = end

    def _part(self, head: Head, sizing: Sizing, begin: int) -> Part:
        """The part that begins there, if the input is long enough."""
        ends = [] if sizing.per_task is None else [begin + sizing.per_task * self.record_size]
        limit = limit_of(sizing, head, begin)
        if limit is not None:
            ends.append(-(-limit // self.record_size) * self.record_size)
        return self._ranged(sizing, begin, min(ends, default=ENDLESS * self.record_size))

    def _ranged(self, sizing: Sizing, begin: int, end: int) -> Part:
        length = end - begin
        if sizing.per_task is None:
            return Part(begin, length, begin, length)
        return Part(begin // self.record_size, length // self.record_size, begin, length)

    def _check(self, size: int) -> None:
        if size % self.record_size:
            records = f"records of {self.record_size} bytes (split.bytes.recordSize)"
            raise wrong(f"its {size} bytes are no whole number of {records}.")
