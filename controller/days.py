"""The operator's cap of jobs a day: one blob a job, counted by listing. Shell.

To list them for each job of a crowd costs the square of the crowd. So a process that has found much room lets a
hundredth of it pass before it counts again: less than what is free, even where a hundred workers do the same.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from shared.names import STATE, JobId, day_blob
from shared.ports import BlobPort

WORKERS = 100


@dataclass
class DayCount:
    """What this process may let pass today without counting anew."""

    _folder: str = ""
    _free: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admits(self, control: BlobPort, job: JobId, most: int, now: datetime) -> bool:
        """Is there room for this job today? It is counted then, however often it comes."""
        ours = day_blob(now, job)
        folder = ours.rpartition("/")[0] + "/"
        if not self._passes(folder) and not self._counted(control, folder, ours, most):
            return False
        control.put(STATE, ours, b"")
        return True

    def _passes(self, folder: str) -> bool:
        with self._lock:
            if folder != self._folder or not self._free:
                return False
            self._free -= 1
            return True

    def _counted(self, control: BlobPort, folder: str, ours: str, most: int) -> bool:
        today = frozenset(control.names(STATE, folder))
        with self._lock:
            self._folder, self._free = folder, max(0, most - len(today)) // WORKERS
        return ours in today or len(today) < most
