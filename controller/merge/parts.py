"""What a joiner is: outputs in, in ledger order; one result out, as a stream. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from shared.errors import Refused

State = dict[str, Any]
"""What must be known to go on later, as JSON can hold it: small, whatever has been read."""


@dataclass(frozen=True)
class Part:
    """One output. `chunks` can be read once, and only until the next part is asked for."""

    task: str
    chunks: Iterator[bytes]


class Joiner(Protocol):
    """One way to join: `start`, then for each output `open`, `take` for each chunk, `close`; at last `finish`.

    Each answers the bytes of the result that are certain by then; all of them together are the same, whatever the
    cutting into chunks. `records` counts what has been joined so far; None where the form has no records. Refused with
    MERGE, naming the task, for an output that does not have the form.
    """

    records: int | None

    def start(self) -> bytes: ...

    def open(self, task: str) -> bytes: ...

    def take(self, chunk: bytes) -> bytes: ...

    def close(self) -> bytes: ...

    def finish(self) -> bytes: ...

    def state(self) -> State | None:
        """All that a fresh joiner needs to go on from here; None where it cannot be told in a few words just now."""
        ...

    def resume(self, state: State) -> None:
        """Go on from a `state`, also one that has been written as JSON and read again."""
        ...


def join(joiner: Joiner, parts: Iterable[Part]) -> Iterator[bytes]:
    """The whole result, in one go."""
    yield joiner.start()
    for part in parts:
        yield joiner.open(part.task)
        for chunk in part.chunks:
            yield joiner.take(chunk)
        yield joiner.close()
    yield joiner.finish()


def refused(task: str, what: str) -> Refused:
    """The error for an output that cannot be merged."""
    return Refused("MERGE", 0, f"the output of {task} cannot be merged: {what}")
