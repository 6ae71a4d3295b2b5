"""The bytes that streamed by last: parts that are found late can still be taken from them. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator


class Window:
    """Holds the last `most` bytes at least, in whole chunks, as they came; the oldest are dropped first."""

    def __init__(self, at: int, most: int) -> None:
        self._start = self._end = at
        self._most = most
        self._chunks: deque[bytes] = deque()

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, remembered as they go."""
        for chunk in filter(None, chunks):
            self._chunks.append(chunk)
            self._end += len(chunk)
            while len(self._chunks) > 1 and self._end - self._start - len(self._chunks[0]) >= self._most:
                self._drop()
            yield chunk

    def take(self, offset: int, length: int) -> bytes | None:
        """These bytes, and nothing before them any more; None where they are not all here."""
        while self._chunks and self._start + len(self._chunks[0]) <= offset:
            self._drop()
        if offset < self._start or offset + length > self._end:
            return None
        found, at = bytearray(), self._start
        for chunk in self._chunks:
            if at >= offset + length:
                break
            found += memoryview(chunk)[max(0, offset - at) : offset + length - at]
            at += len(chunk)
        return bytes(found)

    def _drop(self) -> None:
        self._start += len(self._chunks.popleft())
