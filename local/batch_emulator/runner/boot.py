"""A node that boots: its images are looked for, its containers mounted; at its end they are taken away."""

import logging
import threading
from pathlib import Path

from local.batch_emulator.execution import Failure, Machine, Outcome
from local.batch_emulator.runner.attempt import Runner
from local.batch_emulator.runner.blob_http import TransferError, Transfers
from local.batch_emulator.runner.mounts.attached import Attached, Mounter
from local.batch_emulator.runner.mounts.stores import Stores
from local.batch_emulator.runner.mounts.wanted import CODE, Wanted, wanted
from local.batch_emulator.runner.problems import Problem

_STOP_SECONDS = 60.0
_LOG = logging.getLogger(__name__)


class Boot:
    """One node's images and mounts. Its thread stays as long as the node: what it started goes with it."""

    def __init__(self, machine: Machine, runner: Runner, mounter: Mounter, stores: Stores) -> None:
        self._machine = machine
        self._runner = runner
        self._mounter = mounter
        self._stores = stores
        self._stopping = threading.Event()
        self._outcome: Outcome | None = None
        self.attached: list[Attached] = []
        self._thread = threading.Thread(target=self._work, name=f"node {machine.node_id}", daemon=True)
        self._thread.start()

    def poll(self) -> Outcome | None:
        """Give the outcome, or None while the node is made ready."""
        return self._outcome

    @property
    def is_there(self) -> bool:
        """Whether the node has not gone yet."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take the mounts away and return when they are gone."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _work(self) -> None:
        try:
            self._prepare()
            self._outcome = Outcome(None, None)
        except Problem as problem:
            self._outcome = Outcome(None, problem.failure)
        except Exception as error:  # noqa: BLE001  # a thread has nobody to raise to: the node must fail visibly
            _LOG.exception("the runner failed on node %s", self._machine.node_id)
            self._outcome = Outcome(None, Failure("servererror", "Unknown", f"The runner failed: {error!r}"))
        self._stopping.wait()
        for each in reversed(self.attached):
            each.detach()

    def _prepare(self) -> None:
        for image in self._machine.images:
            self._runner.choose(image)
        for each in wanted(self._machine, self._stores):
            self._attach(each)

    def _attach(self, each: Wanted) -> None:
        folder = self._machine.node_root / "fsmounts" / each.place
        try:
            # What cannot be listed is not there or not open; a mount would show an empty folder instead.
            next(Transfers().list_blobs(each.url, ""), None)
            folder.mkdir(parents=True, exist_ok=True)
        except TransferError as error:
            raise _refused(each, str(error)) from error
        except OSError as error:
            raise _refused(each, f"{folder.name}: {error.strerror}") from error
        self.attached.append(self._mounter.attach(each, folder, self._stopping))


def _refused(each: Wanted, why: str) -> Problem:
    message = f"The container {each.container} could not be mounted: {why}"
    return Problem(CODE, message, MountPath=each.place, Message=why)


def clear_mounts(folder: Path) -> None:
    """Take away the mounts that an emulator left below a folder when it was killed."""
    from local.batch_emulator.runner.mounts.rclone import mount_points, unmount

    root = str(folder.resolve()) + "/"
    for point in reversed(mount_points()):
        if point.startswith(root) and "/fsmounts/" in point:
            unmount(Path(point))
