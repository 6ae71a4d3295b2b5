"""Become another program that ends when its starter ends: `launcher.py STARTER_PID PROGRAM [ARGUMENT]...`.

Run as a file by `local.program`. It replaces itself: process id and exit code are the program's own.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(starter: str, *argv: str) -> None:
    """Ask the kernel for SIGTERM at the starter's end, then become `argv`."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # The starter may have ended before the kernel was asked.
        if os.getppid() != int(starter):
            sys.exit("the program that asked for this one has ended")
    os.execvp(argv[0], argv)  # noqa: S606  # no shell is wanted: the arguments are a list


if __name__ == "__main__":
    main(*sys.argv[1:])
