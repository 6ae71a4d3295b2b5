"""gzip data, unpacked while it streams by, in bounded memory. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from shared.errors import Refused

MARK = b"\x1f\x8b"
"""The first two bytes by which gzip data is known, whatever the blob's name says."""
FED, PIECE = 128 * 2**10, 2**20
"""Bytes handed to the unpacker at once, and taken from it at once: what unpacks to a thousandfold fits as well."""
_WITH_HEADER = 31


def unpacked(chunks: Iterable[bytes], *, whole: bool = True) -> Iterator[bytes]:
    """The content of all members, one behind the other, in pieces of at most 1 MiB; zeros behind a member are padding.

    Refused with SPLIT, by name, for data that fails its own checksum, goes on as something else, or, where it is the
    `whole`, ends too early.
    """
    unpacker = _Unpacker()
    for chunk in chunks:
        data = memoryview(chunk)
        for at in range(0, len(data), FED):
            yield from unpacker.take(bytes(data[at : at + FED]))
    if whole:
        unpacker.finish()


class _Unpacker:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(_WITH_HEADER)
        self._begun = False
        """Has the present member any bytes? Between two members there is only padding."""
        self._any = False

    def take(self, data: bytes) -> Iterator[bytes]:
        while data or self._begun:
            if not self._begun:
                data = data.lstrip(b"\0") if self._any else data
                if not data:
                    return
                self._begun = self._any = True
            piece = self._unpack(data)
            if piece:
                yield piece
            if self._member.eof:
                data = self._member.unused_data
                self._member, self._begun = zlib.decompressobj(_WITH_HEADER), False
            else:
                data = self._member.unconsumed_tail
                if not data and len(piece) < PIECE:
                    return

    def finish(self) -> None:
        if self._begun:
            raise Refused("SPLIT", 0, "the input is gzip data that ends too early: it was cut off. Upload it again.")

    def _unpack(self, data: bytes) -> bytes:
        try:
            return self._member.decompress(data, PIECE)
        except zlib.error as error:
            fix = "Check it with gzip -t; upload it again."
            raise Refused("SPLIT", 0, f"the input is gzip data that cannot be unpacked ({error}). {fix}") from error
