"""What a joiner is: outputs in, in ledger order; one result out, as a stream. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from shared.errors import Refused


@dataclass(frozen=True)
class Part:
    """One output. `chunks` can be read once, and only until the next part is asked for."""

    task: str
    chunks: Iterator[bytes]


class Joiner(Protocol):
    """One way to join. `records` counts what has been joined so far; None where the form has no records."""

    records: int | None

    def join(self, parts: Iterable[Part]) -> Iterator[bytes]:
        """The result, whatever the cutting of `parts` into chunks; Refused with MERGE, naming the task, for an output
        that does not have the form."""
        ...


def refused(task: str, what: str) -> Refused:
    """The error for an output that cannot be merged."""
    return Refused("MERGE", 0, f"the output of {task} cannot be merged: {what}")
