"""The one source blob, every read of it tied to the version that was frozen. Shell."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from controller.split.packed import unpacked
from controller.transfer.crew import Crew
from shared.errors import Defect
from shared.ports import BlobPort

CHUNK, PACKED_CHUNK = 4 * 2**20, 2**20
AHEAD = 2
"""Chunks under way before they are needed."""


class Text(Protocol):
    """The bytes that are cut: the blob's own, or what is packed in it. `size`: None where only a full read tells."""

    @property
    def size(self) -> int | None: ...

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer only where the text ends."""
        ...

    def chunks(self, offset: int) -> Iterator[bytes]:
        """All bytes from `offset` on."""
        ...


@dataclass(frozen=True)
class Pinned:
    """A blob that can be read anywhere. Vanished, by name, when it is not version `etag` any more."""

    port: BlobPort
    crew: Crew
    place: tuple[str, str]
    etag: str
    length: int
    moved: Callable[[], None]
    """Called between chunks: asks whether there is time to go on."""

    @property
    def size(self) -> int | None:
        return self.length

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self.length - offset)
        if length <= 0:
            return b""
        content = b"".join(self.port.stream(*self.place, etag=self.etag, offset=offset, length=length))
        if len(content) != length:
            raise Defect(f"{'/'.join(self.place)}: {len(content)} bytes at {offset}, {length} were listed")
        return content

    def chunks(self, offset: int, size: int = CHUNK) -> Iterator[bytes]:
        """The next ones are fetched while this one is looked at."""
        ahead: deque[Future[bytes]] = deque()
        for at in range(offset, self.length, size):
            ahead.append(self.crew.start(self.read, at, size))
            if len(ahead) > AHEAD:
                yield ahead.popleft().result()
                self.moved()
        while ahead:
            yield ahead.popleft().result()
            if ahead:
                self.moved()


class Unpacked:
    """What a gzip blob holds. It can only be read forward: to look back is to begin again."""

    size: int | None = None

    def __init__(self, blob: Pinned) -> None:
        self._blob = blob
        self._position = 0
        self._rest: Iterator[bytes] = iter(())
        self._held = b""
        self._begun = False

    def read(self, offset: int, length: int) -> bytes:
        return b"".join(self.range(offset, length))

    def range(self, offset: int, length: int) -> Iterator[bytes]:
        """The bytes there, piece by piece; cheap where it goes on behind the last ones that were asked for."""
        if offset < self._position or not self._begun:
            self._rest, self._held, self._position, self._begun = self.chunks(0), b"", 0, True
        for _ in self._taken(offset - self._position):
            pass
        yield from self._taken(length)

    def chunks(self, offset: int) -> Iterator[bytes]:
        skipped = 0
        for piece in unpacked(self._blob.chunks(0, PACKED_CHUNK)):
            wanted = piece[max(0, offset - skipped) :]
            skipped += len(piece)
            if wanted:
                yield wanted

    def _taken(self, length: int) -> Iterator[bytes]:
        while length > 0:
            self._held = self._held or next(self._rest, b"")
            piece, self._held = self._held[:length], self._held[length:]
            if not piece:
                return
            self._position += len(piece)
            length -= len(piece)
            yield piece
