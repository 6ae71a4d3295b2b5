"""The services that a benchmark needs, on this machine, and room for its data; both gone after the block."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.alone import CHECKOUT
from local.azurite import start_azurite
from local.program import Program

NEVER = 999_999
"""Seconds until a node would be up: no task may run, as what tasks cost is not measured here."""


@dataclass(frozen=True)
class Place:
    """Where the services are. `servers`: their process ids, by name."""

    storage: str
    batch: str
    servers: dict[str, int]


@contextmanager
def room(size: int, folder: Path | None) -> Iterator[Path]:
    """A folder below `folder` (default: the system's for temporary files) on a disk with `size` bytes to spare."""
    base = folder or Path(tempfile.gettempdir())
    free = shutil.disk_usage(base).free
    if free < size:
        raise SystemExit(f"{size / 2**30:.1f} GiB are needed for a while, {free / 2**30:.1f} GiB are free: --folder")
    with tempfile.TemporaryDirectory(prefix="batchdrop-bench-", dir=base) as made:
        yield Path(made)


@contextmanager
def services(folder: Path) -> Iterator[Place]:
    """Azurite on disk, and the Batch emulator, whose nodes never come up."""
    with start_azurite(folder / "azurite") as azurite, emulator(folder / "batch") as (url, pid):
        yield Place(azurite.connection_string, url, {"storage": azurite.pid, "batch": pid})


@contextmanager
def farther(place: Place, folder: Path, latency: float) -> Iterator[Place]:
    """The same storage, beside a Batch emulator of its own that is `latency` seconds away."""
    with emulator(folder / "farther", "--latency", str(latency)) as (url, pid):
        yield replace(place, batch=url, servers=place.servers | {"batch": pid})


@contextmanager
def emulator(folder: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Its address and process id."""
    argv = [sys.executable, "-m", "local.batch_emulator", "--boot-seconds", str(NEVER), "--data", str(folder), *options]
    batch = Program("batch emulator", argv, folder.with_suffix(".log"), folder=CHECKOUT)
    try:
        yield batch.wait_ready(r"^batch emulator ready: (http://[^\s,]+)", patience=30).group(1), batch.pid
    finally:
        batch.stop()
