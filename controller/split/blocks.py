"""How the blob of one part is put together, block by block. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.split.parts import Part

RANGE = 256 * 2**20
"""Bytes of a block that storage makes by itself: fewer than the service takes, so that each is done within one try."""
BLOCK = 4 * 2**20
"""Bytes of a block that passes through here."""


@dataclass(frozen=True)
class Block:
    """`before` + source bytes [offset, offset + length) + `after`; `length` may be 0."""

    offset: int
    length: int
    before: bytes = b""
    after: bytes = b""


def in_storage(part: Part) -> Iterator[Block]:
    """Each block is either a range of the source or bytes of ours, never both."""
    if part.prefix:
        yield Block(part.offset, 0, before=part.prefix)
    for offset, length in _ranges(part, RANGE):
        yield Block(offset, length)
    if part.suffix:
        yield Block(part.offset + part.length, 0, after=part.suffix)


def passing_through(part: Part) -> Iterator[Block]:
    """The same bytes in blocks of about 4 MiB; one block where the part is no longer than that."""
    end = part.offset + part.length
    for offset, length in _ranges(part, BLOCK):
        before = part.prefix if offset == part.offset else b""
        yield Block(offset, length, before, part.suffix if offset + length == end else b"")


def length_of(part: Part) -> int:
    """Bytes of the part's blob."""
    return len(part.prefix) + part.length + len(part.suffix)


def _ranges(part: Part, most: int) -> Iterator[tuple[int, int]]:
    end = part.offset + part.length
    return ((offset, min(most, end - offset)) for offset in range(part.offset, end, most))
