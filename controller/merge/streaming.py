"""A stream becomes a blob, block by block, over as many passes as it takes. Shell.

Blocks are cut at fixed places of the stream, so that two passes that meet stage the same bytes under the same number.
For each block that went out it is known where reading has to be taken up again to come to the next one.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.merge.parts import State
from controller.merge.work import Merging
from controller.transfer.upload import Upload
from shared.ports import ABSENT
from shared.record import MergeCursor

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
        self._cursor, self._skip = cursor, cursor.skip
        self._read = cursor.blocks * block - cursor.skip
        self._digest = None if cursor.blocks else hashlib.sha256()
        self._point = (self.start, self._read)
        self._points: deque[MergeCursor] = deque()
        self._upload = Upload(
            *(work.ports.work, work.crew, place),
            block=block,
            when=ABSENT,
            content_type=content_type,
            staged=cursor.blocks,
        )

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
