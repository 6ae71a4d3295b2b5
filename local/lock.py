"""A lock between processes: two starts at once must not install the same thing twice."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Busy(Exception):
    """The lock is held by another process for longer than one wanted to wait."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; waits for whoever holds it. The kernel lets go when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def take(path: Path, patience: float = 0) -> IO[str]:
    """The locked file itself: the lock lasts until it is closed here and in every program that was handed it.

    Raises Busy when somebody still holds it after `patience` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a+")
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                handle.close()
                raise Busy(f"{path} is held by another process") from None
            time.sleep(0.05)
        else:
            return handle
