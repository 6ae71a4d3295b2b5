"""What must hold after the job, each thing looked at by itself. Pure."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.demo.status import Status


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and whether it holds."""

    holds: bool
    text: str


@dataclass(frozen=True)
class Remains:
    """What storage and Batch still list when all is said to be over."""

    containers: Sequence[str]
    jobs: Sequence[str]
    pools: Sequence[str]


def of_success(status: Status, size: int) -> Iterator[Finding]:
    """Of a job that should have counted every byte of a text of `size` bytes."""
    yield Finding(status.state == "succeeded" and status.complete is True, f"state {status.state}, complete")
    merged = f"{status.units.get('merged')} of {size} bytes merged, each once"
    yield Finding(status.units.get("merged") == size == status.units.get("total"), merged)
    yield of_sum(status)


def of_cancel(status: Status) -> Iterator[Finding]:
    """Of a job that should have been cancelled."""
    yield Finding(status.state == "cancelled", f"state {status.state}")
    yield Finding(status.units.get("merged", 0) == 0 and status.result is None, "nothing merged, no result")
    yield of_sum(status)


def of_sum(status: Status) -> Finding:
    """The law of the contract: every unit is in exactly one place."""
    places = {name: count for name, count in status.units.items() if name != "total"}
    total = status.units.get("total")
    named = " + ".join(f"{count} {name}" for name, count in places.items())
    return Finding(total == sum(places.values()), f"{total} = {named}")


def of_result(merged: bytes, alone: bytes, made: Mapping[str, Any]) -> Iterator[Finding]:
    """Of the merged result, beside the same count by one process; `made` is `result` of result.json."""
    digest = hashlib.sha256(merged).hexdigest()
    said = made["hash"] or {}
    yield Finding(said.get("value") == digest, f"result.json tells the result's sha256, {digest[:12]}...")
    if merged == alone:
        yield Finding(True, f"the result equals a single run over the whole text, byte for byte ({len(alone)} bytes)")
    else:
        yield Finding(False, f"the result is not that of a single run: {difference(merged, alone)}")


def difference(merged: bytes, alone: bytes) -> str:
    """The first line that differs."""
    lines = itertools.zip_longest(merged.splitlines(keepends=True), alone.splitlines(keepends=True))
    for number, (ours, theirs) in enumerate(lines, 1):
        if ours != theirs:
            return f"line {number} is {ours!r}, a single run has {theirs!r}"
    return "no line differs"


def of_remains(job: str, remains: Remains, status: Status) -> Iterator[Finding]:
    """Nothing of the job may be left, save containers that the status keeps until a date."""
    kept = {name for kind, name, until in status.cleanup.remaining if kind == "container" and until}
    containers = [name for name in remains.containers if name.startswith(job) and name not in kept]
    yield _none_of("container", containers, kept)
    yield _none_of("Batch job", [name for name in remains.jobs if name.startswith(job)], set())
    yield _none_of("pool", [name for name in remains.pools if name.startswith(job)], set())


def _none_of(kind: str, left: Sequence[str], kept: set[str]) -> Finding:
    aside = f" but {', '.join(sorted(kept))}, kept until the date in the status" if kept else ""
    return Finding(not left, f"{kind}s left: {', '.join(left) or 'none'}{aside}")
