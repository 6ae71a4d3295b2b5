"""Finds a thing in every frame of a video: `detect.py --video video --weights FOLDER --json found.jsonl`.

At the size of an example a video is a stream of grey pictures, binary PGM one after the other, whatever its name. The
folder of weights has `thing.pgm`, what to look for, and `weights.json`: `worst`, the greatest mean difference of a
pixel that is still a find. The output has a JSON object for each find: `video`, `frame` (from 0), `x`, `y` and
`difference`, best first in each frame; finds that overlap a better one are left out.

Exit codes: 0 done, also where nothing is found; 2 wrong arguments or weights; 3 no video; 1 anything else.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = re.compile(rb"P5\s+(\d{1,5})\s+(\d{1,5})\s+255\s")
"""Width and height, and one byte before the pixels."""


class WrongWeights(Exception):
    """There is nothing to look for."""


class Broken(Exception):
    """Not a stream of pictures."""


@dataclass(frozen=True)
class Picture:
    """Grey, rows from the top, a byte a pixel."""

    width: int
    height: int
    pixels: bytes

    def row(self, x: int, y: int, width: int) -> bytes:
        """Part of a row."""
        return self.pixels[y * self.width + x : y * self.width + x + width]


@dataclass(frozen=True, order=True)
class Find:
    """Where the thing may be; the smallest difference is the best."""

    difference: float
    y: int
    x: int


def main() -> int:
    """Look through the video that the command line names."""
    parser = argparse.ArgumentParser(description="Finds a thing in every frame of a video.")
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="a folder: thing.pgm, weights.json")
    parser.add_argument("--json", type=Path, required=True, help="the finds, JSON Lines")
    arguments = parser.parse_args()
    try:
        thing, worst = read_weights(arguments.weights)
        rows = list(look_through(arguments.video, thing, worst))
    except WrongWeights as wrong:
        print(f"{arguments.weights}: {wrong}", file=sys.stderr)
        return 2
    except Broken as broken:
        print(f"{arguments.video.name}: {broken}", file=sys.stderr)
        return 3
    arguments.json.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    print(f"{arguments.video.name}: {len(rows)} finds")
    return 0


def read_weights(folder: Path) -> tuple[Picture, float]:
    """What to look for, and the worst difference. Raises WrongWeights."""
    try:
        worst = float(json.loads((folder / "weights.json").read_text("utf-8"))["worst"])
        (thing,) = read_frames((folder / "thing.pgm").read_bytes())
    except (OSError, ValueError, KeyError, TypeError, Broken) as error:
        raise WrongWeights(f"cannot be read: {error}") from error
    return thing, worst


def read_frames(content: bytes) -> Iterator[Picture]:
    """The pictures one after the other. Raises Broken."""
    at = 0
    while at < len(content) or not at:
        header = HEADER.match(content, at)
        if header is None:
            raise Broken(f"no picture at byte {at}")
        width, height = int(header[1]), int(header[2])
        at = header.end() + width * height
        if at > len(content):
            raise Broken(f"cut off: {at - len(content)} bytes are missing")
        yield Picture(width, height, content[header.end() : at])


def look_through(video: Path, thing: Picture, worst: float) -> Iterator[dict[str, object]]:
    for number, frame in enumerate(read_frames(video.read_bytes())):
        for find in apart(finds(frame, thing, worst), thing):
            place = {"x": find.x, "y": find.y, "difference": round(find.difference, 3)}
            yield {"video": video.name, "frame": number, **place}


def finds(frame: Picture, thing: Picture, worst: float) -> Iterator[Find]:
    """Every place where the thing differs little enough."""
    most = worst * thing.width * thing.height
    for y in range(frame.height - thing.height + 1):
        for x in range(frame.width - thing.width + 1):
            total = difference(frame, thing, x, y, most)
            if total <= most:
                yield Find(total / (thing.width * thing.height), y, x)


def difference(frame: Picture, thing: Picture, x: int, y: int, most: float) -> int:
    """The sum over all pixels, or something greater than `most`."""
    total = 0
    for row in range(thing.height):
        pairs = zip(frame.row(x, y + row, thing.width), thing.row(0, row, thing.width), strict=True)
        total += sum(abs(a - b) for a, b in pairs)
        if total > most:
            break
    return total


def apart(found: Iterator[Find], thing: Picture) -> list[Find]:
    """Those that overlap no better one."""
    kept: list[Find] = []
    for find in sorted(found):
        if all(abs(find.x - other.x) >= thing.width or abs(find.y - other.y) >= thing.height for other in kept):
            kept.append(find)
    return kept


if __name__ == "__main__":
    sys.exit(main())
