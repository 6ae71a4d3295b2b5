"""The thumbnails example, run as its image runs it: a list file in, small pictures and the broken ones out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "thumbs"


def make_inputs(folder: Path, pictures: int, broken: int) -> list[Path]:
    """The pictures, in the order of their names; the GIFs are beside them."""
    counts = ["--pictures", str(pictures), "--broken", str(broken)]
    command = [sys.executable, str(EXAMPLE / "make_inputs.py"), "-o", str(folder), *counts]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return sorted(folder.rglob("*.pnm"))


def shrink(
    folder: Path, pictures: list[Path], *options: str, extension: str = ".ppm"
) -> subprocess.CompletedProcess[str]:
    """Run the image's entry point over a list; outputs are `out/<number><extension>`, failures `failed.jsonl`."""
    rows = [
        {"unit": unit, "path": str(path), "blob": "data/x", "output": str(folder / "out" / f"{unit}{extension}")}
        for unit, path in enumerate(pictures)
    ]
    (folder / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = ["--list", str(folder / "list.jsonl"), "--failed", str(folder / "failed.jsonl")]
    command = [sys.executable, str(EXAMPLE / "thumbs.py"), *files, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def written(folder: Path, content: bytes, name: str = "picture.pnm") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_each_pixel_is_the_mean_of_those_it_stands_for(tmp_path: Path) -> None:
    """4 x 2 pixels become 2 x 1; red, green and blue apart, rounded down."""
    left = bytes([10, 0, 0, 20, 0, 0]), bytes([30, 0, 0, 41, 0, 0])
    right = bytes([0, 4, 255, 0, 4, 255]), bytes([0, 8, 255, 0, 8, 255])
    content = b"P6\n4 2\n255\n" + left[0] + right[0] + left[1] + right[1]
    done = shrink(tmp_path, [written(tmp_path, content)], "--side", "2")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "0.ppm").read_bytes() == b"P6\n2 1\n255\n" + bytes([25, 0, 0, 0, 6, 255])
    assert not (tmp_path / "failed.jsonl").exists()


def test_sides_that_do_not_divide_lose_no_pixel(tmp_path: Path) -> None:
    """7 pixels in a row become 3: runs of 2, 2 and 3, each pixel in one of them."""
    content = b"P5 7 1 255\n" + bytes([1, 3, 10, 20, 90, 100, 110])
    shrink(tmp_path, [written(tmp_path, content)], "--side", "3", extension=".pgm")
    assert (tmp_path / "out" / "0.pgm").read_bytes() == b"P5\n3 1\n255\n" + bytes([2, 15, 100])


@pytest.mark.parametrize(
    ("source", "extension", "small"),
    [
        (b"P6 1 1 255\n\xff\x00\x00", ".ppm", b"P6\n1 1\n255\n\xff\x00\x00"),
        (b"P6 1 1 255\n\xff\x00\x00", ".pgm", b"P5\n1 1\n255\n\x4c"),
        (b"P5 1 1 255\n\x07", ".ppm", b"P6\n1 1\n255\n\x07\x07\x07"),
        (b"P5 1 1 255\n\x07", ".pgm", b"P5\n1 1\n255\n\x07"),
        (b"P5\n# made by hand\n1 # wide\n1\n255\n\x07", ".pgm", b"P5\n1 1\n255\n\x07"),
    ],
)
def test_the_extension_says_what_is_written(tmp_path: Path, source: bytes, extension: str, small: bytes) -> None:
    """Colour or grey, whatever was read; comments in the header are passed over."""
    shrink(tmp_path, [written(tmp_path, source)], extension=extension)
    assert (tmp_path / "out" / f"0{extension}").read_bytes() == small


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a", "neither a binary PPM"),
        (b"", "neither a binary PPM"),
        (b"P6" + b" " * 5000 + b"x", "neither a binary PPM"),
        (b"P6 2 2 255\n12345", "cut off: 5 of 12 bytes"),
        (b"P6 0 2 255\n", "no pixel"),
        (b"P6 1 1 65535\n123456", "65535"),
    ],
)
def test_a_broken_picture_is_told_and_the_others_are_made(tmp_path: Path, content: bytes, words: str) -> None:
    """Exit code 0, one line with the unit and the reason, no output of it, all outputs of the others."""
    good = written(tmp_path, b"P5 1 1 255\n\x07", "good.pnm")
    done = shrink(tmp_path, [good, written(tmp_path, content), good])
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "failed.jsonl").read_text().splitlines()]
    assert [row["unit"] for row in rows] == [1]
    assert words in rows[0]["error"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.ppm", "2.ppm"]


@pytest.mark.parametrize("line", ["{}", "no JSON", '{"unit": 0, "path": "a", "output": "b.webp"}'])
def test_a_wrong_list_is_refused_by_its_line(tmp_path: Path, line: str) -> None:
    """Exit code 2, nothing made: a list that cannot be followed is no broken picture."""
    (tmp_path / "list.jsonl").write_text(line + "\n")
    files = ["--list", str(tmp_path / "list.jsonl"), "--failed", str(tmp_path / "failed.jsonl")]
    command = [sys.executable, str(EXAMPLE / "thumbs.py"), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "line 1" in done.stderr
    assert not (tmp_path / "failed.jsonl").exists()


def test_inputs_are_pictures_a_few_broken_and_the_same_again(tmp_path: Path) -> None:
    """205 pictures in three folders with a GIF each; exactly the two that were asked for are broken."""
    first, again = make_inputs(tmp_path / "a", 205, 2), make_inputs(tmp_path / "b", 205, 2)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert len(list((tmp_path / "a").rglob("*.gif"))) == 3
    assert shrink(tmp_path, first).stdout == "203 made, 2 broken\n"
