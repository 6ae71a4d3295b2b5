"""Scores the rows of a table: `score.py -i rows.csv -o scores.csv -c config.json`.

The input has `id`, `amount` and `comment`, which may be lines long. The config is a JSON object: `weights`, the name of
the model's file in the folder `model` below REFERENCE_DIR, and `threshold`. The model is a JSON object: `bias`,
`amount` (for each factor of ten) and `words`, a number for each word it knows. The output has a row for each:
`id,score,flagged`, the score between 0 and 1 by logistic regression.

Exit codes: 0 done, 2 wrong arguments, config or model, 1 anything else.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WORD = re.compile(r"[a-z]+")


class WrongModel(Exception):
    """The config or the model cannot be followed."""


@dataclass(frozen=True)
class Model:
    """Weights of a logistic regression."""

    bias: float
    amount: float
    words: Mapping[str, float]
    threshold: float

    def score(self, amount: float, comment: str) -> float:
        """Between 0 and 1."""
        known = (self.words.get(word, 0.0) for word in WORD.findall(comment.lower()))
        total = self.bias + self.amount * math.log10(1 + amount) + sum(known)
        return 1 / (1 + math.exp(-total))


def main() -> int:
    """Score the table that the command line names."""
    parser = argparse.ArgumentParser(description="Scores the rows of a table.")
    parser.add_argument("-i", "--input", type=Path, required=True, help="CSV: id, amount, comment")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("-c", "--config", type=Path, required=True, help="JSON: weights, threshold")
    arguments = parser.parse_args()
    reference = Path(os.environ.get("REFERENCE_DIR", "."))  # noqa: TID251  # this image's own contract
    try:
        model = read_model(arguments.config, reference / "model")
    except (OSError, WrongModel) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    print(f"{score_rows(arguments.input, arguments.output, model)} rows")
    return 0


def read_model(config: Path, folder: Path) -> Model:
    """The model in `folder` that the config names. Raises WrongModel."""
    try:
        asked = json.loads(config.read_text("utf-8"))
        said = json.loads((folder / asked["weights"]).read_text("utf-8"))
        words = {str(word): float(weight) for word, weight in said["words"].items()}
        return Model(float(said["bias"]), float(said["amount"]), words, float(asked["threshold"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongModel(f"{config} or the model it names cannot be read: {error!r}") from error


def score_rows(given: Path, made: Path, model: Model) -> int:
    """How many rows there were."""
    rows = 0
    with given.open(encoding="utf-8", newline="") as source, made.open("w", encoding="utf-8", newline="") as scores:
        writer = csv.writer(scores, lineterminator="\n")
        writer.writerow(["id", "score", "flagged"])
        for row in csv.DictReader(source):
            rows += 1
            score = model.score(float(row["amount"]), row["comment"])
            writer.writerow([row["id"], f"{score:.6f}", "yes" if score >= model.threshold else "no"])
    return rows


if __name__ == "__main__":
    sys.exit(main())
