"""The outputs of a job as parts for a joiner, read ahead. Shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from controller.merge.parts import Part
from controller.merge.work import Merging, TaskOutput, changed
from controller.transfer.fetch import Ahead, Fetched, Wanted, in_order
from shared.errors import Vanished

TURN = 256 * 1024
"""Bytes of a range where many outputs are read in turns: two of them are held for each."""


def parts(work: Merging, outputs: Iterable[TaskOutput]) -> Iterator[Part]:
    """One after the other, in order; Refused, naming the task, where an output is not the frozen one any more."""
    fetched = _watched(work, outputs)
    for blob, ranges in groupby(fetched, key=lambda each: each[0]):
        yield Part(blob.task, (content for _, content in ranges))


def turn(work: Merging, blob: Wanted) -> Part:
    """One of many that are read in turns; its first range is under way when this returns."""
    return Part(blob.task, _in_turn(work, blob, Ahead(work.ports.work, work.crew, blob, TURN)))


def _watched(work: Merging, outputs: Iterable[TaskOutput]) -> Iterator[Fetched]:
    fetched = in_order(work.ports.work, work.crew, map(work.wanted, outputs))
    while True:
        try:
            blob, content = next(fetched)
        except StopIteration:
            return
        except Vanished as error:
            raise changed(error.thing) from error
        work.pulse.moved(len(content))
        yield blob, content


def _in_turn(work: Merging, blob: Wanted, ranges: Ahead) -> Iterator[bytes]:
    try:
        for content in ranges:
            work.pulse.moved(len(content))
            yield content
    except Vanished as error:
        raise changed(blob.task) from error
