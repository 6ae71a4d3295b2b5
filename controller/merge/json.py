"""merge.by: json: the elements of all outputs in one array. Pure.

An output that is an array gives its elements, any other value is one element, an empty output gives none. The bytes of
an element are passed on as they are; between two of them stands a comma and a newline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.merge.json_scan import JsonScan, NotJson
from controller.merge.parts import Part, refused


class JsonJoiner:
    """Records are elements."""

    def __init__(self) -> None:
        self.records: int | None = 0

    def join(self, parts: Iterable[Part]) -> Iterator[bytes]:
        yield b"["
        for part in parts:
            yield from self._elements(part)
        yield b"]"

    def _elements(self, part: Part) -> Iterator[bytes]:
        scan = JsonScan(before=self.records or 0)
        try:
            for chunk in part.chunks:
                yield scan.take(chunk)
                self.records = scan.elements
            yield scan.finish()
        except NotJson as error:
            raise refused(part.task, f"no JSON at byte {error.offset}: {error}") from error
        self.records = scan.elements
