"""The Execution the service is given: attempts by one runner, all ended together."""

import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.batch_emulator.execution import Handle, Launch, Machine
from local.batch_emulator.runner.attempt import Attempt, NodeSide, Runner
from local.batch_emulator.runner.boot import Boot, clear_mounts
from local.batch_emulator.runner.layout import task_directory
from local.batch_emulator.runner.mounts.attached import Mounter
from local.batch_emulator.runner.mounts.choice import choose_mounter
from local.batch_emulator.runner.mounts.stores import Stores


class NodeExecution:
    """Runs launches on this machine. `name` says by what means, `mounts` how containers of blobs are mounted."""

    def __init__(
        self, runner: Runner, data: Path, mounter: Mounter | None = None, stores: Stores | None = None
    ) -> None:
        """`data` is a folder for what passes: job files, private roots, temporary folders, caches."""
        self.name = runner.name
        self._runner = runner
        self._scratch = data.resolve() / "scratch"
        self._stores = stores or Stores()
        self._mounter = mounter or choose_mounter(self._scratch)
        self.mounts = self._mounter.name
        self._boots: dict[Path, Boot] = {}
        clear_mounts(data)
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []
        self._closed = False

    def start(self, launch: Launch) -> Attempt:
        """Start an attempt and return at once. Raises RuntimeError after close()."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the execution is closed")
            placed = replace(launch, node_root=launch.node_root.resolve())
            boot = self._boots.get(placed.node_root)
            node = NodeSide(self._scratch, self._stores, tuple(boot.attached) if boot else ())
            attempt = Attempt(self._runner, placed, node)
            self._attempts = [each for each in self._attempts if each.poll() is None] + [attempt]
            return attempt

    def boot(self, machine: Machine) -> Boot:
        """Begin to look for a node's images and to mount, and return at once; what it had goes first.

        Raises RuntimeError after close().
        """
        placed = replace(machine, node_root=machine.node_root.resolve())
        with self._lock:
            if self._closed:
                raise RuntimeError("the execution is closed")
            self._scratch.mkdir(parents=True, exist_ok=True)
            self._boots = {root: each for root, each in self._boots.items() if each.is_there}
            if placed.node_root in self._boots:
                self._boots[placed.node_root].stop()
            self._boots[placed.node_root] = boot = Boot(placed, self._runner, self._mounter, self._stores)
            return boot

    def task_directory(self, launch: Launch) -> Path:
        """Give the folder that holds a task's stdout.txt, stderr.txt and wd/."""
        return task_directory(launch)

    def close(self) -> None:
        """End every attempt; nothing is left running."""
        with self._lock:
            self._closed = True
            attempts, self._attempts = self._attempts, []
            boots, self._boots = list(self._boots.values()), {}
        _stop_all(attempts)
        _stop_all(boots)
        shutil.rmtree(self._scratch, ignore_errors=True)


def _stop_all(runs: Sequence[Handle]) -> None:
    """Stop runs side by side."""
    stoppers = [threading.Thread(target=each.stop) for each in runs]
    for thread in stoppers:
        thread.start()
    for thread in stoppers:
        thread.join()
