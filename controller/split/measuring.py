"""How much a packed blob holds: what `tasks` and auto divide. Shell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from controller.split.packed import MARK, unpacked
from controller.split.sizes import Sizing, sizing
from shared.manifest.models import Manifest
from shared.ports import BlobItem, BlobPort

MOST_READ, MOST_UNPACKED = 64 * 2**20, 2**30
"""Beyond either the rest is taken to be packed as well as what was seen."""


def measured(
    manifest: Manifest, work: BlobPort, container: str, item: BlobItem
) -> tuple[Literal["gzip"] | None, Sizing, int | None]:
    """(what the blob is packed with, its sizing, the bytes it holds where it is packed and they were counted).

    A splitter of the user's own unpacks for itself.
    """
    if manifest.split.by == "container" or not is_packed(work, container, item):
        return None, sizing(manifest, None, item.length), None
    return "gzip", *_packed_sizing(manifest, work, container, item)


def is_packed(work: BlobPort, container: str, item: BlobItem) -> bool:
    """Is it gzip data, by its first two bytes? Vanished when it is not that version any more."""
    first = work.stream(container, item.name, etag=item.etag, length=min(item.length, len(MARK)))
    return b"".join(first) == MARK


def _packed_sizing(manifest: Manifest, work: BlobPort, container: str, item: BlobItem) -> tuple[Sizing, int | None]:
    """`tasks` and auto need to know what the blob holds. Where it would take too long to count, they become a size of
    each task that makes about as many tasks."""
    split = manifest.split
    if split.units_per_task is not None or split.bytes_per_task is not None:
        return replace(sizing(manifest, None, 0), size=0, tasks=None), None
    text, exact = _measured(work, container, item)
    sized = sizing(manifest, None, text)
    if exact:
        return sized, text
    return Sizing(bytes_per_task=-(-text // (sized.cuts or 1)), tasks=sized.tasks), None


def _measured(work: BlobPort, container: str, item: BlobItem) -> tuple[int, bool]:
    whole = item.length <= MOST_READ
    reading = _Counted(work.stream(container, item.name, etag=item.etag, length=min(item.length, MOST_READ)))
    text = 0
    for piece in unpacked(reading, whole=whole):
        text += len(piece)
        if text > MOST_UNPACKED:
            whole = False
            break
    return text if whole else max(1, text * item.length // max(1, reading.bytes)), whole


class _Counted:
    """Chunks, and how many bytes of them were taken."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.bytes += len(chunk)
            yield chunk
