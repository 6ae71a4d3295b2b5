"""What a benchmark is told on its command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """`scale` multiplies all sizes and counts; timings are medians of `runs`; data goes below `folder`."""

    scale: float
    runs: int
    folder: Path | None

    def scaled(self, full: int, least: int = 1) -> int:
        """`full` at this scale."""
        return max(least, round(full * self.scale))


def read_options(what: str, arguments: Sequence[str] | None = None) -> Options:
    """Ends the program with a word about usage where they are wrong."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full sizes (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="timings are medians of so many (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where data goes for a while (default: the temporary folder)")
    given = parser.parse_args(arguments)
    if not 0 < given.scale <= 1 or given.runs < 1:
        parser.error("--scale is above 0 and at most 1, --runs at least 1")
    return Options(given.scale, given.runs, given.folder)


def say(text: str) -> None:
    """What goes on, for who waits."""
    print(text, file=sys.stderr, flush=True)
