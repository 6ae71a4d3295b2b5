"""The detection example: the thing is found where it is, and nowhere else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "detect"
THING = (b"\x00\xff", b"\xff\x00")


def picture(width: int, height: int, *places: tuple[int, int], shade: int = 0) -> bytes:
    """Grey, with the thing at each place, `shade` brighter where it is dark."""
    rows = [bytearray(b"\x80" * width) for _ in range(height)]
    for x, y in places:
        for number, line in enumerate(THING):
            rows[y + number][x : x + 2] = bytes(max(pixel, shade) for pixel in line)
    return b"P5\n%d %d\n255\n" % (width, height) + b"".join(rows)


def detect(folder: Path, video: bytes, worst: object = 10) -> subprocess.CompletedProcess[str]:
    """Run the image's program over one video."""
    (folder / "thing.pgm").write_bytes(b"P5\n2 2\n255\n" + b"".join(THING))
    (folder / "weights.json").write_text(json.dumps({"worst": worst}))
    (folder / "v.mp4").write_bytes(video)
    files = ("--video", str(folder / "v.mp4"), "--weights", str(folder), "--json", str(folder / "found.jsonl"))
    command = [sys.executable, str(EXAMPLE / "detect.py"), *files]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def found(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "found.jsonl").read_text().splitlines()]


def test_finds_are_told_by_frame_and_place_the_best_first(tmp_path: Path) -> None:
    """Two in the first frame, one of them fainter; none in the second; one in the corner of the third."""
    both = picture(9, 6, (1, 1), shade=8)
    exact = picture(9, 6, (6, 3))[-9 * 3 :]
    done = detect(tmp_path, both[: -9 * 3] + exact + picture(9, 6) + picture(4, 3, (2, 1)))
    assert done.returncode == 0, done.stderr
    assert [(row["frame"], row["x"], row["y"], row["difference"]) for row in found(tmp_path)] == [
        (0, 6, 3, 0.0),
        (0, 1, 1, 4.0),
        (2, 2, 1, 0.0),
    ]
    assert {row["video"] for row in found(tmp_path)} == {"v.mp4"}


def test_a_video_without_the_thing_gives_no_row(tmp_path: Path) -> None:
    """Exit code 0 and an empty file."""
    assert detect(tmp_path, picture(5, 5)).returncode == 0
    assert found(tmp_path) == []


def test_a_broken_video_and_missing_weights_have_codes_of_their_own(tmp_path: Path) -> None:
    """3 for the video, 2 for the weights; nothing is written."""
    broken = detect(tmp_path, picture(5, 5)[:-1])
    assert (broken.returncode, "cut off" in broken.stderr) == (3, True)
    assert detect(tmp_path, b"").returncode == 3
    assert detect(tmp_path, picture(5, 5), worst=None).returncode == 2
    assert not (tmp_path / "found.jsonl").exists()
