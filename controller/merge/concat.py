"""merge.by: concat: the bytes of all outputs, one behind the other. Pure."""

from __future__ import annotations

from controller.merge.parts import State


class ConcatJoiner:
    """Nothing is added, nothing is counted."""

    records: int | None = None

    def start(self) -> bytes:
        return b""

    def open(self, task: str) -> bytes:
        return b""

    def take(self, chunk: bytes) -> bytes:
        return chunk

    def close(self) -> bytes:
        return b""

    def finish(self) -> bytes:
        return b""

    def state(self) -> State | None:
        return {}

    def resume(self, state: State) -> None:
        return
