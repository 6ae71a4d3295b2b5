"""merge.by: json: the elements of all outputs in one array. Pure.

An output that is an array gives its elements, any other value is one element, an empty output gives none. The bytes of
an element are passed on as they are; between two of them stands a comma and a newline.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.merge.json_scan import JsonScan, NotJson
from controller.merge.parts import State, refused


class JsonJoiner:
    """Records are elements."""

    def __init__(self) -> None:
        self.records: int | None = 0
        self._task = ""
        self._scan = JsonScan()

    def start(self) -> bytes:
        return b"["

    def open(self, task: str) -> bytes:
        self._task, self._scan = task, JsonScan(before=self.records or 0)
        return b""

    def take(self, chunk: bytes) -> bytes:
        return self._scanned(lambda: self._scan.take(chunk))

    def close(self) -> bytes:
        return self._scanned(self._scan.finish)

    def finish(self) -> bytes:
        return b"]"

    def state(self) -> State | None:
        return {"records": self.records, "task": self._task, "scan": self._scan.state()}

    def resume(self, state: State) -> None:
        self.records, self._task = int(state["records"]), state["task"]
        self._scan = JsonScan()
        self._scan.resume(state["scan"])

    def _scanned(self, step: Callable[[], bytes]) -> bytes:
        try:
            elements = step()
        except NotJson as error:
            raise refused(self._task, f"no JSON at byte {error.offset}: {error}") from error
        self.records = self._scan.elements
        return elements
