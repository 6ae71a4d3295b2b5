"""Two outputs of one name: found in 8 bytes of memory per output. Pure."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise

_BUCKETS = 256


class Digests:
    """Names as 64-bit digests, kept in buckets so that each can be sorted alone."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(_BUCKETS)]

    def add(self, name: str) -> None:
        digest = digest_of(name)
        self._buckets[digest % _BUCKETS].append(digest)

    def doubled(self) -> frozenset[int]:
        """Digests that were added more than once: equal names, or (once in a great while) different ones."""
        return frozenset(digest for bucket in self._buckets for digest in _equal_neighbours(sorted(bucket)))


def first_collision(named: Iterable[tuple[str, str]], suspects: frozenset[int]) -> tuple[str, str, str] | None:
    """(name, one, other) of the first name that two things have; `named` are (name, thing), as they were added."""
    owners: dict[str, str] = {}
    for name, thing in named:
        if digest_of(name) in suspects:
            owner = owners.setdefault(name, thing)
            if owner != thing:
                return name, owner, thing
    return None


def digest_of(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _equal_neighbours(digests: list[int]) -> Iterator[int]:
    return (one for one, other in pairwise(digests) if one == other)
