"""Who runs the stack in a folder: a file that its process keeps locked, so nobody else can be taken for it.

The kernel lets go of the lock when that process ends, however it ends; so a number in the file is only believed
while the file is locked, and no other process is ever sent a signal.
"""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.lock import Busy, take


class AlreadyRunning(Exception):
    """Another process runs a stack in this folder."""


class WillNotEnd(Exception):
    """The stack's process did not end in time."""


@dataclass(frozen=True)
class Running:
    """What the running process says of itself. `endpoints` is empty until everything has started."""

    pid: int
    host: str
    endpoints: Mapping[str, str]


def claim(path: Path) -> IO[str]:
    """Become the one that runs the stack, until the file is closed or the process ends. Raises AlreadyRunning."""
    try:
        return take(path, patience=1)  # `find` holds it for an instant
    except Busy:
        other = find(path)
        who = f"process {other.pid}" if other else "another process"
        raise AlreadyRunning(
            f"a stack is running in {path.parent} already ({who}); "
            "`make down` ends it, `make status` shows it, `--folder` runs a second one"
        ) from None


def tell(claimed: IO[str], running: Running) -> None:
    """Write down what `find` shows to others."""
    claimed.seek(0)
    claimed.truncate()
    json.dump({"pid": running.pid, "host": running.host, "endpoints": dict(running.endpoints)}, claimed)
    claimed.flush()


def find(path: Path) -> Running | None:
    """Who runs the stack now, None when nobody does."""
    if _is_free(path):
        return None
    try:
        return Running(**json.loads(path.read_text()))
    except ValueError:
        # Locked a moment ago, and nothing written yet.
        return None


def end(path: Path, patience: float = 90) -> int | None:
    """Ask the running process to stop by SIGTERM, and wait until it has. Its id; None when none ran.

    Raises WillNotEnd.
    """
    running = find(path)
    if running is None:
        return None
    os.kill(running.pid, signal.SIGTERM)
    try:
        take(path, patience).close()
    except Busy:
        raise WillNotEnd(f"process {running.pid} has not ended within {patience:g} s; see its terminal") from None
    return running.pid


def _is_free(path: Path) -> bool:
    if not path.exists():
        return True
    try:
        take(path).close()
    except Busy:
        return False
    return True
