"""merge.by: concat: the bytes of all outputs, one behind the other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.merge.parts import Part


class ConcatJoiner:
    """Nothing is added, nothing is counted."""

    records: int | None = None

    def join(self, parts: Iterable[Part]) -> Iterator[bytes]:
        for part in parts:
            yield from part.chunks
