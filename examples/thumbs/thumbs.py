"""Makes small pictures of many: `thumbs.py --list list.jsonl --failed failed.jsonl [--side 24]`.

The list has a JSON object a line: `unit`, a number; `path`, the picture to read; `output`, the file to write. Pictures
are binary PPM (P6) or PGM (P5), 8 bits a sample. The small one has at most `--side` pixels on its longer side, each the
mean of the pixels it stands for; a picture that is small enough stays as it is. The extension of `output` says what
is written: `.ppm` in colour, `.pgm` in grey.

A picture that cannot be read becomes a line `{"unit": ..., "error": ...}` in the file of failures, and the others are
made all the same: exit code 0. That file is not made where there is none. Exit codes: 2 wrong arguments or list, 1
anything else.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = re.compile(rb"P([56])" + rb"(?:\s|#[^\n]*\n)+(\d{1,9})" * 3 + rb"\s")
"""Kind, width, height and brightest value, with comments between them, and one byte before the samples."""
SAMPLES = {b"5": 1, b"6": 3}
KINDS = {".ppm": 6, ".pgm": 5}
"""What can be written, by extension."""
GREY = (299, 587, 114)
"""How much red, green and blue make a grey, in thousandths."""


class WrongList(Exception):
    """The list cannot be followed."""


class Broken(Exception):
    """Not a picture that this program reads."""


@dataclass(frozen=True)
class Picture:
    """`samples` bytes a pixel, rows from the top."""

    width: int
    height: int
    samples: int
    data: bytes


@dataclass(frozen=True)
class Job:
    """One line of the list."""

    unit: int
    path: Path
    output: Path


def main() -> int:
    """Make the small pictures that the command line names."""
    parser = argparse.ArgumentParser(description="Makes small pictures of many.")
    parser.add_argument("--list", type=Path, required=True, help="JSON Lines of unit, path, output")
    parser.add_argument("--failed", type=Path, required=True, help="where broken pictures are told, JSON Lines")
    parser.add_argument("--side", type=int, default=24, help="pixels of the longer side (default: 24)")
    arguments = parser.parse_args()
    if arguments.side < 1:
        parser.error("--side must be 1 or more")
    try:
        jobs = list(read_list(arguments.list))
    except WrongList as wrong:
        print(f"{arguments.list}: {wrong}", file=sys.stderr)
        return 2
    broken = make_all(jobs, arguments.side, arguments.failed)
    print(f"{len(jobs) - broken} made, {broken} broken")
    return 0


def read_list(path: Path) -> Iterator[Job]:
    """The lines in their order. Raises WrongList."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            job = Job(int(row["unit"]), Path(row["path"]), Path(row["output"]))
        except (ValueError, KeyError, TypeError) as error:
            raise WrongList(f"line {number} does not tell unit, path and output") from error
        if job.output.suffix not in KINDS:
            raise WrongList(f"line {number}: {job.output.name} is none of {', '.join(KINDS)}")
        yield job


def make_all(jobs: list[Job], side: int, failed: Path) -> int:
    """How many pictures are broken; each of them is told in `failed`."""
    told = []
    for job in jobs:
        try:
            small = shrink(read_picture(job.path.read_bytes()), side)
        except Broken as broken:
            told.append(json.dumps({"unit": job.unit, "error": str(broken)}) + "\n")
            continue
        job.output.parent.mkdir(parents=True, exist_ok=True)
        job.output.write_bytes(encoded(small, job.output.suffix))
    if told:
        failed.write_text("".join(told), "utf-8")
    return len(told)


def read_picture(content: bytes) -> Picture:
    """Raises Broken, saying what is wrong."""
    header = HEADER.match(content)
    if header is None:
        raise Broken("neither a binary PPM nor a binary PGM")
    width, height, brightest = (int(number) for number in header.groups()[1:])
    if brightest != 255:
        raise Broken(f"its brightest value is {brightest}, not 255")
    samples = SAMPLES[header[1]]
    size = width * height * samples
    if not size:
        raise Broken("it has no pixel")
    data = content[header.end() : header.end() + size]
    if len(data) < size:
        raise Broken(f"cut off: {len(data)} of {size} bytes")
    return Picture(width, height, samples, data)


def shrink(picture: Picture, side: int) -> Picture:
    """As it is, or with the longer side `side` pixels long."""
    longer = max(picture.width, picture.height)
    if longer <= side:
        return picture
    width, height = (max(1, length * side // longer) for length in (picture.width, picture.height))
    columns, rows = spans(picture.width, width), spans(picture.height, height)
    data = b"".join(small_row(picture, row, columns) for row in rows)
    return Picture(width, height, picture.samples, data)


def spans(length: int, parts: int) -> list[range]:
    """`length` pixels in `parts` runs without gap or overlap, as even as can be."""
    return [range(length * part // parts, length * (part + 1) // parts) for part in range(parts)]


def small_row(picture: Picture, rows: range, columns: list[range]) -> bytes:
    """One row of the small picture: for each run of columns the mean of every sample in it, rounded down."""
    wide = picture.width * picture.samples
    lines = [picture.data[row * wide : (row + 1) * wide] for row in rows]
    sums = [sum(samples) for samples in zip(*lines, strict=True)]
    return bytes(
        sum(sums[run.start * picture.samples + sample : run.stop * picture.samples : picture.samples])
        // (len(run) * len(rows))
        for run in columns
        for sample in range(picture.samples)
    )


def encoded(picture: Picture, extension: str) -> bytes:
    """The file, in the form that the extension names."""
    data = in_colour(picture) if extension == ".ppm" else in_grey(picture)
    return b"P%d\n%d %d\n255\n%s" % (KINDS[extension], picture.width, picture.height, data)


def in_colour(picture: Picture) -> bytes:
    return picture.data if picture.samples == 3 else bytes(value for value in picture.data for _ in range(3))


def in_grey(picture: Picture) -> bytes:
    if picture.samples == 1:
        return picture.data
    pixels = zip(picture.data[0::3], picture.data[1::3], picture.data[2::3], strict=True)
    return bytes(sum(part * value for part, value in zip(GREY, pixel, strict=True)) // 1000 for pixel in pixels)


if __name__ == "__main__":
    sys.exit(main())
