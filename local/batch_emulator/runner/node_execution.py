"""The Execution the service is given: attempts by one runner, all ended together."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

from local.batch_emulator.execution import Launch
from local.batch_emulator.runner.attempt import Attempt, Runner
from local.batch_emulator.runner.layout import task_directory


class NodeExecution:
    """Runs launches on this machine. `name` says by what means."""

    def __init__(self, runner: Runner, data: Path) -> None:
        """`data` is a folder for what passes: job files, private roots, temporary folders."""
        self.name = runner.name
        self._runner = runner
        self._scratch = data.resolve() / "scratch"
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []
        self._closed = False

    def start(self, launch: Launch) -> Attempt:
        """Start an attempt and return at once. Raises RuntimeError after close()."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the execution is closed")
            placed = replace(launch, node_root=launch.node_root.resolve())
            attempt = Attempt(self._runner, placed, self._scratch)
            self._attempts = [each for each in self._attempts if each.poll() is None] + [attempt]
            return attempt

    def task_directory(self, launch: Launch) -> Path:
        """Give the folder that holds a task's stdout.txt, stderr.txt and wd/."""
        return task_directory(launch)

    def close(self) -> None:
        """End every attempt; nothing is left running."""
        with self._lock:
            self._closed = True
            attempts, self._attempts = self._attempts, []
        stoppers = [threading.Thread(target=each.stop) for each in attempts]
        for thread in stoppers:
            thread.start()
        for thread in stoppers:
            thread.join()
        shutil.rmtree(self._scratch, ignore_errors=True)
