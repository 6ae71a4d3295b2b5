"""Writes a big text for the word count: `make_input.py -o text.txt [--size MIB]`.

The text is the source code of this Python's standard library (without its tests), over and over until `--size` MiB are
full; it ends at a line end. One Python installation always gives the same text.
"""

from __future__ import annotations

import argparse
import itertools
import sysconfig
from collections.abc import Iterator
from pathlib import Path

MIB = 1024 * 1024
LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages"}


def main() -> None:
    """Write the text that the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes a big text for the word count.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the text file to write")
    parser.add_argument("--size", type=int, default=20, help="MiB, at least 1 (default: 20)")
    arguments = parser.parse_args()
    if arguments.size < 1:
        parser.error("--size must be 1 or more")
    written = write_text(arguments.output, arguments.size * MIB)
    print(f"{arguments.output}: {written} bytes")


def write_text(target: Path, size: int) -> int:
    """Whole lines, at least `size` bytes of them and at most one line more. How many it became."""
    written = 0
    with target.open("wb") as text:
        for line in lines_for_ever():
            written += text.write(line)
            if written >= size:
                break
    return written


def lines_for_ever() -> Iterator[bytes]:
    """The lines of every source file, each with a line end, again from the start when they are all told."""
    sources = source_files(Path(sysconfig.get_path("stdlib")))
    if not sources:
        raise FileNotFoundError("this Python has no source files of its standard library")
    for source in itertools.cycle(sources):
        for line in source.read_bytes().splitlines():
            yield line + b"\n"


def source_files(library: Path) -> list[Path]:
    """Every module of the library, tests and installed packages left out, in the order of their names."""
    modules = (path.relative_to(library) for path in library.rglob("*.py"))
    kept = sorted(path.as_posix() for path in modules if not LEFT_OUT & set(path.parts))
    return [library / name for name in kept]


if __name__ == "__main__":
    main()
