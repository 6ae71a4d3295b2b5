"""What operations and the service's own progress act on: account, clock, execution, limits and faults."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

from local.batch_emulator.account import Account
from local.batch_emulator.clock import Clock
from local.batch_emulator.execution import Execution
from local.batch_emulator.failures import BatchError
from local.batch_emulator.faults import Fault, Faults
from local.batch_emulator.state import Pool


@dataclass
class Quota:
    """The account's limits: numbers of pools and of jobs that are not completed, and of cores."""

    pools: int = 100
    jobs: int = 300
    dedicated: int = 900
    low_priority: int = 900


@dataclass(frozen=True)
class Settings:
    """How the emulated service behaves where the real one leaves it open.

    `data` holds the node folders. `boot_seconds` pass from a node's allocation until it can run something.
    `delete_seconds` pass while pools, jobs and leaving nodes disappear. Samples for autoscale formulas show after
    `sample_lag_seconds`. A task killed by its maxWallClockTime has the exit code `wall_clock_exit`, which may be none;
    with `wall_clock_retries` it is run again as after a nonzero exit, as long as maxTaskRetryCount allows.
    """

    data: Path
    boot_seconds: float = 2.0
    delete_seconds: float = 1.0
    sample_lag_seconds: float = 60.0
    wall_clock_retries: bool = False
    wall_clock_exit: int | None = 137


class Trash:
    """Removes folders in the background, so that a big one does not hold up the service."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names = count()
        self._prefix = uuid4().hex
        self._threads: list[Thread] = []
        self._lock = Lock()

    def discard(self, folder: Path) -> None:
        """Make a folder disappear now and free its space soon. Folders that hold mounts are left alone."""
        if not folder.is_dir() or _holds_mount(folder):
            return
        self._root.mkdir(parents=True, exist_ok=True)
        with self._lock:
            target = self._root / f"{self._prefix}-{next(self._names)}"
            folder.rename(target)
            thread = Thread(target=shutil.rmtree, args=(target, True), daemon=True)
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def close(self) -> None:
        """Return when all is removed."""
        for thread in self._threads:
            thread.join()
        shutil.rmtree(self._root, ignore_errors=True)


def _holds_mount(folder: Path) -> bool:
    """Removing through a mount would delete what is mounted, a blob container for instance."""
    mounts = Path("/proc/self/mounts")
    if not mounts.is_file():
        return any(path.is_mount() for path in folder.rglob("*") if path.is_dir())
    prefix = str(folder.resolve()) + "/"
    points = (line.split()[1] for line in mounts.read_text().splitlines())
    return any((point + "/").startswith(prefix) for point in points)


@dataclass
class World:
    """Everything one emulated account consists of. `url` is its address, without a trailing slash."""

    name: str
    url: str
    clock: Clock
    execution: Execution
    settings: Settings
    account: Account = field(default_factory=Account)
    quota: Quota = field(default_factory=Quota)
    faults: Faults = field(default_factory=Faults)
    retention: list[tuple[datetime, str, str]] = field(default_factory=list)
    trash: Trash = field(init=False)

    def __post_init__(self) -> None:
        self.trash = Trash(self.settings.data / ".trash")
        # Node ids begin anew with each account: what an earlier one left must not show up in a task's folder.
        self.trash.discard(self.settings.data / "nodes")

    def now(self) -> datetime:
        """Give the present of the service."""
        return self.clock.now()


_CORES = re.compile(r"(?:standard|basic)_[a-z]+?(\d+)(?:-(\d+))?", re.IGNORECASE)


def cores(vm_size: str) -> int:
    """Give the cores of a VM size by its name, as in `Standard_D4s_v3`; 1 where the name does not tell."""
    match = _CORES.match(vm_size)
    return int(match[2] or match[1]) if match else 1


def cores_used(pools: Mapping[str, Pool], *, dedicated: bool) -> int:
    """Give the cores of all nodes of one kind."""
    kinds = ((pool, node) for pool in pools.values() for node in pool.nodes.values())
    return sum(cores(pool.spec["vmSize"]) for pool, node in kinds if node.dedicated is dedicated)


def refuse_unless(ok: bool, code: str, message: str = "", **values: Any) -> None:
    """Raise a BatchError unless `ok`."""
    if not ok:
        raise BatchError(code, message, **values)


__all__ = ["Fault", "Faults", "Quota", "Settings", "Trash", "World", "cores", "cores_used", "refuse_unless"]
