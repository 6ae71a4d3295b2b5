"""Writes the input of the Monte Carlo example: `make_inputs.py -o params.csv [--rows N]`.

The same number always gives the same bytes.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path


def main() -> None:
    """Write as many rows as the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes the input of the Monte Carlo example.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--rows", type=int, default=20000, help="how many rows (default: 20000)")
    arguments = parser.parse_args()
    drawn = random.Random(arguments.rows)  # noqa: S311  # examples, not secrets
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with arguments.output.open("w", encoding="utf-8", newline="\n") as rows:
        rows.write("id,spot,strike,volatility,years\n")
        rows.writelines(row(number, drawn) for number in range(arguments.rows))
    print(f"{arguments.output}: {arguments.rows} rows")


def row(number: int, drawn: random.Random) -> str:
    spot, strike = drawn.uniform(80, 120), drawn.uniform(80, 120)
    return f"o{number:07},{spot:.2f},{strike:.2f},{drawn.uniform(5, 30):.2f},{drawn.uniform(0.1, 2):.3f}\n"


if __name__ == "__main__":
    main()
