"""The outputs of a job as one archive, as a stream that can be taken up again. Shell.

The archive's index needs the checksum of every file. They are kept by the thousand in the job's output container, so
that a later pass has them and memory does not grow with the number of files.
"""

from __future__ import annotations

import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import islice

from controller.merge.naming import all_differ, placed
from controller.merge.parts import State
from controller.merge.reading import ranges
from controller.merge.work import Merging
from controller.merge.zip import Entry, ending, heading, index_row, trailer
from controller.transfer.fetch import RANGE, Wanted
from shared.errors import Defect
from shared.names import WORKSPACE, index_of, output_container

SHARD = 1000
"""Checksums kept in one blob; a state holds fewer."""
ROWS = 500
"""Rows of the index that are written together."""


class Zipping:
    """All outputs as `<task id>/<name>`, or as `<name>` where all of these differ; none of them compressed."""

    records: int | None = None

    def __init__(self, work: Merging) -> None:
        self._work = work
        self._flat = all_differ(output.name for output in work.outputs())
        self._row, self._position, self._at, self._crc = 0, 0, 0, 0
        self._crcs = array("I")

    def chunks(self, state: State | None) -> Iterator[tuple[State | None, bytes]]:
        rows = 0
        if state is not None:
            self._resume(state)
            rows = int(state["rows"])
        yield from self._files()
        yield from self._index(rows)

    # ------------------------------------------------------------------ files

    def _files(self) -> Iterator[tuple[State | None, bytes]]:
        for blob, content in ranges(self._work, self._wanted()):
            yield self._state(0), self._stored(blob, content)

    def _wanted(self) -> Iterator[Wanted]:
        start = self._position
        for output in islice(self._work.outputs(), self._row, None):
            yield self._work.wanted(output, start)
            start = 0

    def _stored(self, blob: Wanted, content: bytes) -> bytes:
        name = blob.name.removeprefix(f"{blob.task}/")
        entry, first = self._entry(index_of(blob.task), name, blob.length), self._position == 0
        self._crc = zlib.crc32(content, 0 if first else self._crc)
        head = heading(entry, self._crc) if first else b""
        self._position += len(content)
        if self._position < blob.length:
            return head + content
        self._keep(self._crc)
        self._at += entry.size
        self._row, self._position = self._row + 1, 0
        return head + content + trailer(entry, self._crc)

    def _entry(self, index: int, name: str, length: int) -> Entry:
        return Entry(placed(index, name, self._flat).encode(), length, behind=length > RANGE)

    # ------------------------------------------------------------------ the index

    def _index(self, rows: int) -> Iterator[tuple[State | None, bytes]]:
        """From row `rows` on; what is before it is reckoned again, not read."""
        start, size, offset, done = self._at, 0, 0, 0
        outputs, crcs = self._work.outputs(), self._all_crcs()
        while batch := list(islice(outputs, ROWS)):
            content = bytearray()
            for output in batch:
                entry = self._entry(output.index, output.name, output.length)
                content += index_row(entry, next(crcs), offset)
                offset += entry.size
            if done >= rows:
                yield self._state(done), bytes(content)
            size, done = size + len(content), done + len(batch)
        yield self._state(done), ending(done, start, size)

    def _all_crcs(self) -> Iterator[int]:
        for shard in range(self._row // SHARD):
            kept = self._work.ports.work.read(output_container(self._work.job), _shard(shard))
            if kept is None:
                raise Defect(f"{self._work.job}: the checksums in {_shard(shard)} are gone")
            self._work.pulse.moved()
            yield from array("I", kept.content)
        yield from self._crcs

    # ------------------------------------------------------------------ what is known

    def _keep(self, crc: int) -> None:
        self._crcs.append(crc)
        if len(self._crcs) == SHARD:
            self._work.ports.work.put(
                output_container(self._work.job), _shard(self._row // SHARD), self._crcs.tobytes()
            )
            del self._crcs[:]

    def _state(self, rows: int) -> State:
        return {
            "row": self._row,
            "position": self._position,
            "at": self._at,
            "crc": self._crc,
            "crcs": b64encode(self._crcs.tobytes()).decode(),
            "rows": rows,
        }

    def _resume(self, state: State) -> None:
        self._row, self._position = int(state["row"]), int(state["position"])
        self._at, self._crc = int(state["at"]), int(state["crc"])
        self._crcs.frombytes(b64decode(state["crcs"]))


def _shard(number: int) -> str:
    return f"{WORKSPACE}/zip-{number:05d}"
