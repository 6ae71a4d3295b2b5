"""Writes the inputs of the search example: `make_inputs.py -o FOLDER [--queries N] [--subjects N]`.

FOLDER gets `nt/nt.00.fasta` and `nt/nt.01.fasta`, the database, and `queries.fasta`: pieces of it with errors in them,
every second one from the other strand, and every tenth one made of nothing that is in it. The same numbers always give
the same bytes.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

VOLUMES = 2
WIDE = 60


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes the inputs of the search example.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--queries", type=int, default=2000, help="how many queries (default: 2000)")
    parser.add_argument("--subjects", type=int, default=60, help="sequences in the database (default: 60)")
    arguments = parser.parse_args()
    drawn = random.Random(arguments.subjects)  # noqa: S311  # examples, not secrets
    subjects = ["".join(drawn.choices("ACGT", k=drawn.randint(300, 600))) for _ in range(arguments.subjects)]
    folder = arguments.output / "nt"
    folder.mkdir(parents=True, exist_ok=True)
    for volume in range(VOLUMES):
        records = (record(f"nt{n:04}", subjects[n]) for n in range(volume, len(subjects), VOLUMES))
        (folder / f"nt.{volume:02}.fasta").write_text("".join(records))
    queries = (record(f"q{n:06}", query(n, subjects)) for n in range(arguments.queries))
    (arguments.output / "queries.fasta").write_text("".join(queries))
    print(f"{arguments.output}: {arguments.queries} queries, {len(subjects)} sequences in the database")


def record(name: str, text: str) -> str:
    lines = [text[at : at + WIDE] for at in range(0, len(text), WIDE)]
    return f">{name} example\n" + "\n".join(lines) + "\n"


def query(number: int, subjects: list[str]) -> str:
    drawn = random.Random(number)  # noqa: S311  # examples, not secrets
    length = drawn.randint(60, 180)
    if number % 10 == 9:
        return "".join(drawn.choices("ACGT", k=length))
    subject = drawn.choice(subjects)
    at = drawn.randrange(len(subject) - length)
    piece = "".join(drawn.choice("ACGT") if drawn.random() < 0.03 else letter for letter in subject[at : at + length])
    return piece.translate(str.maketrans("ACGT", "TGCA"))[::-1] if number % 2 else piece


if __name__ == "__main__":
    main()
