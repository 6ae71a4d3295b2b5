"""Picks the way to mount: FUSE where this machine has it."""

import os
import shutil
from pathlib import Path

from local.batch_emulator.runner.mounts.attached import Mounter
from local.batch_emulator.runner.mounts.rclone import RcloneMounter, find_program
from local.batch_emulator.runner.mounts.synchronised import FolderMounter

VARIABLE = "BATCH_EMULATOR_MOUNTS"


class NoMounter(LookupError):
    """The way to mount that was asked for does not work here; the text says why."""


def choose_mounter(data: Path, wanted: str | None = None) -> Mounter:
    """Give the way to mount on this machine; `wanted` (or BATCH_EMULATOR_MOUNTS) forces rclone or synchronised.

    Raises NoMounter when the one that is forced does not work here.
    """
    name, why = wanted or os.environ.get(VARIABLE) or "", _why_not()
    if name not in ("", "rclone", "synchronised"):
        raise NoMounter(f"{VARIABLE}={name} is not one of rclone, synchronised")
    if name == "rclone" and why is not None:
        raise NoMounter(f"{VARIABLE}={name} does not work here: {why}")
    program = find_program()
    if name == "synchronised" or why is not None or program is None:
        return FolderMounter()
    return RcloneMounter(program, data)


def _why_not() -> str | None:
    if find_program() is None:
        return "there is no program rclone"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "there is no /dev/fuse to be used"
    if os.geteuid() != 0 and shutil.which("fusermount3") is None:
        return "there is no program fusermount3, and only root can do without"
    return None
