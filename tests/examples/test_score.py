"""The scoring example: a row out for each row in, by the model that the config names."""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "score-nightly"
MODEL = {"bias": -1.0, "amount": 0.5, "words": {"late": 2.0, "thanks": -3.0}}


def score(folder: Path, rows: list[tuple[str, str, str]], config: object = None) -> subprocess.CompletedProcess[str]:
    """Run the image's program; the model lies where a node unpacks it."""
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "weights.json").write_text(json.dumps(MODEL))
    (folder / "config.json").write_text(json.dumps(config or {"weights": "weights.json", "threshold": 0.5}))
    with (folder / "rows.csv").open("w", newline="") as table:
        csv.writer(table).writerows([("id", "amount", "comment"), *rows])
    files = ("-i", str(folder / "rows.csv"), "-o", str(folder / "scores.csv"), "-c", str(folder / "config.json"))
    command = [sys.executable, str(EXAMPLE / "score.py"), *files]
    environment = os.environ | {"REFERENCE_DIR": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_score_is_that_of_the_model(tmp_path: Path) -> None:
    """Bias, amount and known words add up; lines and quotes within a comment are one row's."""
    done = score(tmp_path, [("a", "99", 'late, "again"\nand LATE'), ("b", "0", "thanks\n\na lot"), ("c", "9", "box")])
    assert done.returncode == 0, done.stderr
    expected = [("a", -1 + 0.5 * 2 + 4), ("b", -1 - 3.0), ("c", -1 + 0.5)]
    rows = [f"{name},{1 / (1 + math.exp(-total)):.6f},{'yes' if total >= 0 else 'no'}" for name, total in expected]
    assert (tmp_path / "scores.csv").read_text().splitlines() == ["id,score,flagged", *rows]


@pytest.mark.parametrize(
    "config", [{"threshold": 0.5}, {"weights": "other.json", "threshold": 0.5}, ["weights"]], ids=str
)
def test_a_model_that_cannot_be_had_is_exit_code_2(tmp_path: Path, config: object) -> None:
    """Nothing is written."""
    done = score(tmp_path, [("a", "1", "x")], config)
    assert (done.returncode, (tmp_path / "scores.csv").exists()) == (2, False)
    assert done.stderr.strip()
