"""What the program fusermount3 does for a file system in user space, for root, where that program is not installed."""

import array
import os
import socket
import sys
from pathlib import Path

_PASSED = ("allow_other", "default_permissions", "max_read=")


def main(words: list[str]) -> int:
    """`-u FOLDER` takes a mount away; `-o OPTIONS -- FOLDER` mounts, and hands the device over on _FUSE_COMMFD."""
    # The program is run by its path, without the project being importable yet.
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from local.batch_emulator.supervisor import kernel

    folder = words[-1]
    if "-u" in words or "-uz" in words:
        kernel.unmount(folder)
        return 0
    options = words[words.index("-o") + 1].split(",") if "-o" in words else []
    device = os.open("/dev/fuse", os.O_RDWR)
    kernel.mount(_source(options), folder, _kind(options), _flags(options), _data(options, device))
    with socket.socket(fileno=int(os.environ["_FUSE_COMMFD"])) as channel:
        channel.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [device]))])
    return 0


def _flags(options: list[str]) -> int:
    from local.batch_emulator.supervisor import kernel

    readonly = kernel.MS_RDONLY if "ro" in options else 0
    return kernel.MS_NOSUID | kernel.MS_NODEV | readonly


def _source(options: list[str]) -> str:
    return next((each.partition("=")[2] for each in options if each.startswith("fsname=")), "fuse")


def _kind(options: list[str]) -> str:
    return next((f"fuse.{each.partition('=')[2]}" for each in options if each.startswith("subtype=")), "fuse")


def _data(options: list[str], device: int) -> str:
    kept = [each for each in options if each.startswith(_PASSED)]
    return ",".join([f"fd={device}", "rootmode=40000", f"user_id={os.getuid()}", f"group_id={os.getgid()}", *kept])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
