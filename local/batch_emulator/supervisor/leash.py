"""Becomes a program that the kernel ends by SIGTERM when the thread that started it is gone."""

import os
import signal
from typing import NoReturn

from local.batch_emulator.supervisor import kernel


def main(argv: list[str]) -> NoReturn:
    """Become `argv`."""
    os.setsid()
    kernel.die_with_parent(signal.SIGTERM)
    os.execv(argv[0], argv)  # noqa: S606  # no shell is the point
