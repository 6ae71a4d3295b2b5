"""What the demo is asked to do."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The command line: sizes in MiB, times in seconds after the manifest was dropped."""

    size: int
    kill_after: float | None
    cancel_after: float | None
    keep: bool
    patience: float


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """The options on the command line; ends the program where they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description="Runs one job on a stack of its own.")
    parser.add_argument("--size", type=int, default=20, metavar="MIB", help="how big a text to count (default: 20)")
    parser.add_argument("--kill-after", type=float, metavar="SECONDS", help="SIGKILL the functions host in mid-job")
    parser.add_argument("--cancel-after", type=float, metavar="SECONDS", help="drop a .cancel beside the manifest")
    parser.add_argument("--keep", action="store_true", help="keep the folder with data and logs")
    parser.add_argument("--patience", type=float, default=300, metavar="SECONDS", help="give up after (default: 300)")
    given = parser.parse_args(arguments)
    if given.size < 1:
        parser.error("--size must be 1 or more")
    return Options(given.size, given.kill_after, given.cancel_after, given.keep, given.patience)
