"""The outputs of a job, read ahead. Shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.merge.parts import Part
from controller.merge.work import Merging, changed
from controller.transfer.fetch import Ahead, Fetched, Wanted, in_order
from shared.errors import Vanished

TURN = 256 * 1024
"""Bytes of a range where many outputs are read in turns: two of them are held for each."""


def ranges(work: Merging, wanted: Iterable[Wanted]) -> Iterator[Fetched]:
    """One after the other, in order; Refused, naming the task, where an output is not the frozen one any more."""
    fetched = in_order(work.ports.work, work.crew, wanted)
    while True:
        try:
            blob, content = next(fetched)
        except StopIteration:
            return
        except Vanished as error:
            raise changed(error.thing) from error
        work.pulse.moved(len(content))
        yield blob, content


def turn(work: Merging, blob: Wanted) -> Part:
    """One of many that are read in turns; its first range is under way when this returns."""
    return Part(blob.task, _in_turn(work, blob, Ahead(work.ports.work, work.crew, blob, TURN)))


def _in_turn(work: Merging, blob: Wanted, found: Ahead) -> Iterator[bytes]:
    try:
        for content in found:
            work.pulse.moved(len(content))
            yield content
    except Vanished as error:
        raise changed(blob.task) from error
