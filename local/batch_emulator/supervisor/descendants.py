"""Finds and ends everything that runs below a process."""

import os
import signal
import time
from pathlib import Path

_PAUSE = 0.01


def kill_descendants(group: int) -> None:
    """Kill every descendant of this process and return when none is left. `group` is killed first, at once."""
    signal_group(group)
    while _any_left():
        for pid in _descendants(os.getpid()):
            _kill(pid)
        time.sleep(_PAUSE)


def await_descendants(seconds: float) -> None:
    """Return when no descendant is left, at the latest after so many seconds."""
    deadline = time.monotonic() + seconds
    while _any_left() and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def signal_group(group: int) -> None:
    """Kill a process group; one that is gone is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # The group has ended, or not even begun.
        return


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It ended between the look and the signal.
        return


def _any_left() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        return False
    return True


def _descendants(ancestor: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        parent = _parent(entry)
        if parent is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.extend(below)
        waiting.extend(below)
    return found


def _parent(entry: Path) -> int | None:
    try:
        text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        # It ended while we looked.
        return None
    return int(text.rpartition(")")[2].split()[1])
