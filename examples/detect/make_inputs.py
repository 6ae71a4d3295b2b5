"""Writes the inputs of the detection example: `make_inputs.py -o FOLDER [--videos N] [--broken N]`.

FOLDER gets `yolo/` with the weights, and `videos/` with one folder for each 100 videos, some of which are broken off.
In each a thing wanders before a noisy ground, and now and then there is none. The same numbers always give the same
bytes.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

WIDTH, HEIGHT, FRAMES = 48, 32, 8
THING = (
    b"\x20\x20\xf0\x20\x20",
    b"\x20\xf0\xf0\xf0\x20",
    b"\xf0\xf0\x40\xf0\xf0",
    b"\x20\xf0\xf0\xf0\x20",
    b"\x20\x20\xf0\x20\x20",
)
SIDE = len(THING)
PER_FOLDER = 100


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes the inputs of the detection example.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--videos", type=int, default=50, help="how many videos (default: 50)")
    parser.add_argument("--broken", type=int, default=1, help="how many of them are broken (default: 1)")
    arguments = parser.parse_args()
    weights = arguments.output / "yolo"
    weights.mkdir(parents=True, exist_ok=True)
    (weights / "thing.pgm").write_bytes(b"P5\n%d %d\n255\n" % (SIDE, SIDE) + b"".join(THING))
    (weights / "weights.json").write_text(json.dumps({"worst": 12}))
    for number in range(arguments.videos):
        folder = arguments.output / "videos" / f"camera-{number // PER_FOLDER:02}"
        folder.mkdir(parents=True, exist_ok=True)
        content = video(number)
        broken = arguments.videos // 2 <= number < arguments.videos // 2 + arguments.broken
        (folder / f"{number:05}.mp4").write_bytes(content[: len(content) * 2 // 5] if broken else content)
    print(f"{arguments.output}: {arguments.videos} videos, {arguments.broken} of them broken")


def video(number: int) -> bytes:
    drawn = random.Random(number)  # noqa: S311  # examples, not secrets
    x, y = drawn.randrange(WIDTH - SIDE), drawn.randrange(HEIGHT - SIDE)
    frames = []
    for _ in range(FRAMES):
        x = min(max(x + drawn.randint(-3, 3), 0), WIDTH - SIDE)
        y = min(max(y + drawn.randint(-3, 3), 0), HEIGHT - SIDE)
        frames.append(frame(drawn, x, y, there=drawn.random() < 0.8))
    return b"".join(frames)


def frame(drawn: random.Random, x: int, y: int, there: bool) -> bytes:
    rows = [bytearray(drawn.randrange(100, 140) for _ in range(WIDTH)) for _ in range(HEIGHT)]
    for number, line in enumerate(THING if there else ()):
        rows[y + number][x : x + SIDE] = bytes(min(255, pixel + drawn.randrange(10)) for pixel in line)
    return b"P5\n%d %d\n255\n" % (WIDTH, HEIGHT) + b"".join(rows)


if __name__ == "__main__":
    main()
