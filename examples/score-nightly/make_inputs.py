"""Writes the inputs of the scoring example: `make_inputs.py -o FOLDER [--rows N]`.

FOLDER gets `2026-11-22.csv`, whose comments have commas, quotes and lines of their own; `config.json`; and
`model.tar.gz` with `weights.json` in it. The same number always gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
import tarfile
from pathlib import Path

WORDS = ("order", "parcel", "late", "broken", "refund", "please", "thanks", "box", "never", "quick", "wrong", "size")
WEIGHTS = {"late": 0.8, "broken": 1.4, "refund": 1.1, "never": 0.9, "wrong": 1.0, "thanks": -1.2, "quick": -0.9}
BREAKS = (" ", " ", " ", ", ", "\n", '\n"', '" ')


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes the inputs of the scoring example.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--rows", type=int, default=50000, help="how many rows (default: 50000)")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_rows(arguments.output / "2026-11-22.csv", arguments.rows)
    (arguments.output / "config.json").write_text(json.dumps({"weights": "weights.json", "threshold": 0.5}))
    (arguments.output / "model.tar.gz").write_bytes(model())
    print(f"{arguments.output}: {arguments.rows} rows")


def write_rows(path: Path, count: int) -> None:
    drawn = random.Random(count)  # noqa: S311  # examples, not secrets
    with path.open("w", encoding="utf-8", newline="") as rows:
        writer = csv.writer(rows, lineterminator="\n")
        writer.writerow(["id", "amount", "comment"])
        for number in range(count):
            writer.writerow([f"n{number:07}", f"{drawn.lognormvariate(3, 1):.2f}", comment(drawn)])


def comment(drawn: random.Random) -> str:
    words = drawn.choices(WORDS, k=drawn.randint(2, 24))
    return words[0] + "".join(drawn.choice(BREAKS) + word for word in words[1:])


def model() -> bytes:
    """A tar.gz without the time of day in it."""
    content = json.dumps({"bias": -1.5, "amount": 0.4, "words": WEIGHTS}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("weights.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


if __name__ == "__main__":
    main()
