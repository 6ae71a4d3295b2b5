"""Writes the inputs of the thumbnails example: `make_inputs.py -o FOLDER [--pictures N] [--broken N]`.

Below FOLDER, in folders of 100: `N` pictures in colour (binary PPM), some, after four fifths of them, broken off; and a
GIF in each folder, which is there to be left out. The same numbers always give the same bytes.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

PER_FOLDER = 100
GIF = bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")
"""One black pixel."""


def main() -> None:
    """Write the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes the inputs of the thumbnails example.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--pictures", type=int, default=500, help="how many pictures (default: 500)")
    parser.add_argument("--broken", type=int, default=1, help="how many of them are broken (default: 1)")
    arguments = parser.parse_args()
    if not 0 <= arguments.broken <= arguments.pictures or arguments.pictures < 1:
        parser.error("--pictures must be 1 or more, --broken at most as many")
    write_pictures(arguments.output, arguments.pictures, arguments.broken)
    print(f"{arguments.output}: {arguments.pictures} pictures, {arguments.broken} of them broken")


def write_pictures(folder: Path, pictures: int, broken: int) -> None:
    first = (pictures - broken) * 4 // 5
    for number in range(pictures):
        album = folder / f"album-{number // PER_FOLDER:02}"
        if number % PER_FOLDER == 0:
            album.mkdir(parents=True, exist_ok=True)
            (album / "cover.gif").write_bytes(GIF)
        content = picture(number)
        kept = len(content) // 2 if first <= number < first + broken else len(content)
        (album / f"{number:05}.pnm").write_bytes(content[:kept])


def picture(number: int) -> bytes:
    """A disc before a sky that changes from left to right and from top to bottom, never the same twice."""
    drawn = random.Random(number)  # noqa: S311  # examples, not secrets
    width, height = drawn.choice([(96, 64), (64, 96), (80, 80)])
    centre, radius = (drawn.randrange(width), drawn.randrange(height)), drawn.randint(8, 28)
    disc = bytes(drawn.randrange(256) for _ in range(3))
    rows = (sky(width, height, y, number) for y in range(height))
    data = b"".join(over(row, y, centre, radius, disc) for y, row in enumerate(rows))
    return b"P6\n%d %d\n255\n%s" % (width, height, data)


def sky(width: int, height: int, y: int, number: int) -> bytes:
    blue = 255 * y // height
    return b"".join(bytes((255 * x // width, number % 256, blue)) for x in range(width))


def over(row: bytes, y: int, centre: tuple[int, int], radius: int, disc: bytes) -> bytes:
    """The row with the part of the disc that lies on it."""
    reach = radius * radius - (y - centre[1]) ** 2
    if reach < 0:
        return row
    half = int(reach**0.5)
    left, right = max(0, centre[0] - half), min(len(row) // 3, centre[0] + half + 1)
    return row[: left * 3] + disc * (right - left) + row[right * 3 :]


if __name__ == "__main__":
    main()
