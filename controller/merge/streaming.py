"""A stream becomes a blob, block by block, over as many passes as it takes. Shell.

Blocks are cut at fixed places of the stream, so that two passes that meet stage the same bytes under the same number.
For each block that went out it is known where reading has to be taken up again to come to the next one. Where a block
takes long to fill, as by many tiny outputs, what there is of it is kept in a blob of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from controller.merge.parts import State
from controller.merge.work import Merging
from controller.transfer.upload import Upload
from shared.errors import Conflict
from shared.names import held_block, output_container
from shared.ports import ABSENT
from shared.record import MergeCursor

HELD_EVERY = timedelta(seconds=20)
"""Without any block going out."""
Place = tuple[str, str]
Describe = Callable[[str | None], Mapping[str, str]]


class Stream(Protocol):
    """A result that can be taken up again in the middle. `records`: those of the bytes so far."""

    @property
    def records(self) -> int | None: ...

    def chunks(self, state: State | None) -> Iterator[tuple[State | None, bytes]]:
        """The bytes from a state on (None: from the start); with each chunk the state that it begins at, where that
        can be told (None: it cannot)."""
        ...


@dataclass(frozen=True)
class Written:
    """What was committed. `sha256`: None where earlier passes wrote a part of it."""

    etag: str
    length: int
    sha256: str | None


def nothing(sha256: str | None) -> Mapping[str, str]:
    """No metadata."""
    return {}


def write(
    work: Merging,
    place: Place,
    stream: Stream,
    block: int,
    describe: Describe = nothing,
    content_type: str = "application/octet-stream",
) -> Written:
    """Go on with, or begin, the blob at `place`; commit it with the metadata of its SHA-256.

    Conflict where a blob is there already, or blocks of earlier passes are not there any more.
    """
    writing = _Writing(work, place, block, content_type)
    for state, chunk in stream.chunks(writing.start):
        writing.take(state, chunk)
    return writing.close(describe)


class _Writing:
    def __init__(self, work: Merging, place: Place, block: int, content_type: str) -> None:
        self._work, self._block = work, block
        cursor = work.pulse.cursor.of("/".join(place), block)
        self.start: State | None = json.loads(cursor.state) if cursor.state else None
        self._cursor, self._skip = cursor, max(0, cursor.skip)
        self._read = cursor.blocks * block - cursor.skip
        self._digest = None if cursor.blocks or self.start else hashlib.sha256()
        self._point = (self.start, self._read)
        self._since = work.ports.clock.now()
        self._points: deque[MergeCursor] = deque()
        self._upload = Upload(
            *(work.ports.work, work.crew, place),
            block=block,
            when=ABSENT,
            content_type=content_type,
            staged=cursor.blocks,
        )
        if cursor.skip < 0:
            self._upload.add(self._held(cursor))

    def take(self, state: State | None, chunk: bytes) -> None:
        if state is not None:
            self._point = (state, self._read)
        self._read += len(chunk)
        fresh = chunk[self._skip :] if self._skip else chunk
        self._skip -= len(chunk) - len(fresh)
        if self._digest is not None:
            self._digest.update(fresh)
        if self._upload.add(fresh):
            self._remember()
        self._tell()
        if self._work.ports.clock.now() - self._since >= HELD_EVERY:
            self._hold()

    def close(self, describe: Describe) -> Written:
        sha256 = self._digest.hexdigest() if self._digest is not None else None
        etag = self._upload.close(describe(sha256)).result()
        return Written(etag, self._upload.length, sha256)

    def _remember(self) -> None:
        """Where to begin again for the block after the last one that went out."""
        state, read = self._point
        blocks = self._upload.blocks
        known = None if state is None else json.dumps(state)
        point = {"blocks": blocks, "state": known, "skip": blocks * self._block - read}
        self._points.append(self._cursor.model_copy(update=point))

    def _tell(self) -> None:
        """The cursor passes a block once it is staged."""
        staged = self._upload.staged()
        while self._points and self._points[0].blocks <= staged:
            self._work.pulse.cursor = self._points.popleft()
            self._since = self._work.ports.clock.now()

    def _hold(self) -> None:
        """Keep what there is of the next block, up to where reading can be taken up again."""
        state, read = self._point
        blocks = self._upload.blocks
        known = read - blocks * self._block
        if state is None or known <= 0 or self._upload.staged() < blocks:
            return
        cursor = self._cursor.model_copy(update={"blocks": blocks, "state": json.dumps(state), "skip": -known})
        self._work.ports.work.put(*self._place_held(cursor), self._upload.open_block(known))
        self._work.pulse.cursor, self._since = cursor, self._work.ports.clock.now()

    def _held(self, cursor: MergeCursor) -> bytes:
        """Conflict where it is gone: then all begins anew."""
        place = self._place_held(cursor)
        blob = self._work.ports.work.read(*place)
        if blob is None or len(blob.content) != -cursor.skip:
            raise Conflict(f"{'/'.join(place)} is not there any more")
        return blob.content

    def _place_held(self, cursor: MergeCursor) -> Place:
        name = held_block(cursor.place or "", cursor.blocks, -cursor.skip)
        return output_container(self._work.job), name
