"""A split of what is longer than memory."""

from __future__ import annotations

import gzip
import random
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.errors import Unsupported
from shared.record import InputFact
from tests.split.ground import NOW, a_world, lines_manifest, run_split

MIB = 2**20
LINE = b"x" * (2 * MIB - 1) + b"\n"
FEW_MIB = b"".join(random.Random(3).randbytes(MIB - 1).replace(b"\n", b"-") + b"\n" for _ in range(9))
MEMBER = gzip.compress(FEW_MIB, 1)


@dataclass
class Endless:
    """A work account whose one blob is `pattern`, over and over; writes are slow and forgotten, but added up."""

    pattern: bytes
    times: int
    unsupported: bool = False
    written: int = 0
    read: int = 0
    made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stream(self, *_: str, offset: int, length: int, **__: Any) -> Iterator[bytes]:
        end = min(offset + length, self.times * len(self.pattern))
        while offset < end:
            at = offset % len(self.pattern)
            chunk = self.pattern[at : at + min(4 * MIB, end - offset)]
            offset += len(chunk)
            with self._lock:
                self.read += len(chunk)
            yield chunk

    def put(self, _: str, __: str, content: bytes, **___: Any) -> str:
        threading.Event().wait(0.005)
        with self._lock:
            self.written += len(content)
        return "0x1"

    def stage(self, container: str, name: str, _: int, content: bytes) -> None:
        self.put(container, name, content)

    def stage_from(self, *asked: Any) -> None:
        if self.unsupported:
            raise Unsupported("APINotImplemented", 501, "no")
        with self._lock:
            self.made += asked[-1]

    def commit(self, *_: Any, **__: Any) -> str:
        return "0x1"


def peak_of(work: Endless, source: InputFact, **sizes: Any) -> int:
    """The most memory that a split held, in bytes."""
    port: Any = work
    tracemalloc.start()
    run_split(lines_manifest(**sizes), replace(a_world().ports, work=port), source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("way", ["within storage", "through here"])
@pytest.mark.parametrize(
    "sizes", [{"units_per_task": 1}, {"units_per_task": 9}, {"bytes_per_task": 30 * MIB}, {"bytes_per_task": MIB}]
)
def test_memory_does_not_grow_with_the_input(sizes: dict[str, int], way: str) -> None:
    """200 MiB are split in less than 64 MiB, cut within storage or passed on slower than they are read."""
    work = Endless(LINE, 100, unsupported=way == "through here")
    total = len(LINE) * 100
    fact = InputFact(
        at=NOW,
        blobs=1,
        bytes=total,
        etag="0x1",
        per_task=sizes.get("units_per_task"),
        bytes_per_task=sizes.get("bytes_per_task"),
    )
    assert peak_of(work, fact, **sizes) < 64 * MIB
    if way == "through here":
        assert work.written == total
    else:
        assert (work.written, work.made) == (0, total + 1), "the first request asks whether the store can"


@pytest.mark.parametrize("sizes", [{"units_per_task": 1}, {"units_per_task": 30}])
def test_memory_does_not_grow_with_what_is_packed(sizes: dict[str, int]) -> None:
    """200 MiB of gzip data, in parts that fit into memory or do not: less than 64 MiB."""
    work = Endless(MEMBER, 22)
    fact = InputFact(
        at=NOW, blobs=1, bytes=22 * len(MEMBER), etag="0x1", packed="gzip", per_task=sizes["units_per_task"]
    )
    assert peak_of(work, fact, **sizes) < 64 * MIB
    assert work.written == 22 * len(FEW_MIB)
    assert work.made == 0


def test_two_thousand_tasks_of_2_gib_read_less_than_one_percent() -> None:
    """Cut by small reads: what the store makes is the input, what passes through here is next to nothing."""
    work = Endless(b"0123456789abcdefghijklmnopqrstuvwxyz+-*/0123456789abcdefghijklm\n", 2**25)
    total = 2**31
    source = InputFact(at=NOW, blobs=1, bytes=total, etag="0x1", tasks=2000)
    assert peak_of(work, source, tasks=2000) < 64 * MIB
    assert (work.made, work.written) == (total + 1, 0)
    assert work.read <= total // 100
