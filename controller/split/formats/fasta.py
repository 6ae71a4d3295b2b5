"""split.by: fasta. A record begins with `>` at the beginning of a line. Pure.

A byte order mark is left out of the parts.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.split.formats.lines import LineMarks
from controller.split.formats.opening import check_begins, text_start
from controller.split.formats.seeking import cut_by_reads, first_mark
from controller.split.formats.streaming import cut_stream
from controller.split.parts import Head, Part, Read
from controller.split.sizes import Sizing
from shared.record import SplitCursor


class FastaFinder:
    """Units are records with `unitsPerTask`, else bytes."""

    def probe(self, read: Read, size: int | None) -> Head:
        start = text_start(read)
        check_begins(read, start, b">", "FASTA")
        return Head(start, size)

    def stream(self, head: Head, chunks: Iterator[bytes], sizing: Sizing, start: SplitCursor) -> Iterator[Part]:
        return cut_stream(FastaMarks(), head, chunks, sizing, start, counted=sizing.per_task is not None)

    def seek(self, head: Head, read: Read, size: int, sizing: Sizing, start: SplitCursor) -> Iterator[Part] | None:
        if sizing.per_task is not None:
            return None
        return cut_by_reads(first_mark(b"\n>"), head, read, size, sizing, start)


class FastaMarks(LineMarks):
    """A newline and the `>` behind it always come out together, as a newline at the end of a window is held back."""

    mark = b"\n>"
