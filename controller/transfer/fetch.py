"""Blobs read ahead in order: many small ones at once, a big one range by range. Shell."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from controller.transfer.crew import Crew
from shared.errors import Defect
from shared.ports import BlobPort

RANGE = 4 * 2**20
MOST_BYTES, MOST_RANGES = 32 * 2**20, 32
"""Read ahead at most, in bytes and in requests."""


@dataclass(frozen=True)
class Wanted:
    """A version of a blob, from byte `start` on. `task`: whose output it is, for messages and order."""

    task: str
    container: str
    name: str
    etag: str
    length: int
    start: int = 0


Request = tuple[Wanted, int, int]
Fetched = tuple[Wanted, bytes]


def in_order(port: BlobPort, crew: Crew, wanted: Iterable[Wanted], size: int = RANGE) -> Iterator[Fetched]:
    """All bytes of all blobs, one behind the other, in ranges of `size`; one empty range for an empty blob.

    Vanished, by name, for a blob that is not the wanted version.
    """
    pending: deque[tuple[Request, Future[bytes]]] = deque()
    ahead = 0
    for request in _requests(wanted, size):
        pending.append((request, crew.start(_fetch, port, *request)))
        ahead += request[2]
        while ahead > MOST_BYTES - size or len(pending) >= MOST_RANGES:
            (blob, _, length), answer = pending.popleft()
            yield blob, answer.result()
            ahead -= length
    for (blob, _, _), answer in pending:
        yield blob, answer.result()


class Ahead:
    """One blob, its next range always under way: for many blobs that are read in turns."""

    def __init__(self, port: BlobPort, crew: Crew, wanted: Wanted, size: int) -> None:
        self._port, self._crew = port, crew
        self._requests = _requests([wanted], size)
        self._next = self._ask()

    def __iter__(self) -> Iterator[bytes]:
        while self._next is not None:
            chunk = self._next.result()
            self._next = self._ask()
            yield chunk

    def _ask(self) -> Future[bytes] | None:
        request = next(self._requests, None)
        return self._crew.start(_fetch, self._port, *request) if request else None


def _requests(wanted: Iterable[Wanted], size: int) -> Iterator[Request]:
    for blob in wanted:
        for offset in range(blob.start, blob.length, size) if blob.start < blob.length else (blob.start,):
            yield blob, offset, min(size, blob.length - offset)


def _fetch(port: BlobPort, blob: Wanted, offset: int, length: int) -> bytes:
    if not length:
        return b""
    content = b"".join(port.stream(blob.container, blob.name, etag=blob.etag, offset=offset, length=length))
    if len(content) != length:
        raise Defect(f"{blob.container}/{blob.name}: {len(content)} bytes at {offset}, {length} were listed")
    return content
