"""The outputs of a job, joined, as a stream that can be taken up again. Shell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from controller.merge.parts import State
from controller.merge.reading import ranges
from controller.merge.registry import joiner_of
from controller.merge.work import Merging
from controller.transfer.fetch import Wanted


class Joined:
    """What the joiner of the manifest's merge makes of the outputs."""

    def __init__(self, work: Merging) -> None:
        self._work = work
        self._joiner = joiner_of(work.manifest.merge)
        self._row, self._position = 0, 0

    @property
    def records(self) -> int | None:
        return self._joiner.records

    def chunks(self, state: State | None) -> Iterator[tuple[State | None, bytes]]:
        if state is None:
            yield None, self._joiner.start()
        else:
            self._joiner.resume(state["joiner"])
            self._row, self._position = int(state["row"]), int(state["position"])
        for blob, content in ranges(self._work, self._wanted()):
            yield self._state(), self._taken(blob, content)
        yield self._state(), self._joiner.finish()

    def _wanted(self) -> Iterator[Wanted]:
        start = self._position
        for output in islice(self._work.outputs(), self._row, None):
            yield self._work.wanted(output, start)
            start = 0

    def _state(self) -> State | None:
        known = self._joiner.state()
        return None if known is None else {"row": self._row, "position": self._position, "joiner": known}

    def _taken(self, blob: Wanted, content: bytes) -> bytes:
        opened = self._joiner.open(blob.task) if self._position == 0 else b""
        joined = opened + self._joiner.take(content)
        self._position += len(content)
        if self._position < blob.length:
            return joined
        self._row, self._position = self._row + 1, 0
        return joined + self._joiner.close()
