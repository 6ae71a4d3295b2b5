"""Blobs of the input that were written again after they were listed: what a task made of them may be of either version.

A node is given an address, and cannot be told which version to read. So the sources are listed once more with the
verdict. What was written after the task's output was there is no matter; nor is what was deleted since. Shell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.merge.outputs import TaskOutput
from controller.outcome import Board
from controller.split.rows import Row
from shared.globs import fixed_prefix
from shared.ports import BlobItem, BlobPort
from shared.record import Record


class Sources:
    """The sources of a job as they are now; rows are asked for in rising order."""

    def __init__(self, record: Record, work: BlobPort) -> None:
        source = record.plan.manifest.input
        container, _, prefix = fixed_prefix(source.blobs or "").partition("/")
        self._items: Iterator[BlobItem] = work.list(container, prefix) if source.kind == "blobs" else iter(())
        self._next = next(self._items, None)

    def check(self, row: Row, outputs: Sequence[TaskOutput], board: Board) -> None:
        """Note what may have changed under the task that left these outputs."""
        ended = max((output.modified for output in outputs if output.modified is not None), default=None)
        for blob in row.blobs:
            now = self._at(blob.name)
            if now is not None and ended is not None and now.etag != blob.etag and now.modified <= ended:
                board.source_changed(blob.name)

    def _at(self, name: str) -> BlobItem | None:
        while self._next is not None and self._next.name < name:
            self._next = next(self._items, None)
        return self._next if self._next is not None and self._next.name == name else None
