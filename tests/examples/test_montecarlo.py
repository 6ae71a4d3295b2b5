"""The Monte Carlo example: prices as theory has them, whatever rows stand beside a row."""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "montecarlo"
HEADER = "id,spot,strike,volatility,years\n"


def price(folder: Path, rows: str, config: object = None) -> subprocess.CompletedProcess[str]:
    """Run the image's program with the config where the variable says."""
    (folder / "params.csv").write_text(HEADER + rows)
    (folder / "config.json").write_text(json.dumps(config or {"paths": 10000, "seed": 42}))
    files = ("--params", str(folder / "params.csv"), "--out", str(folder / "prices.csv"))
    command = [sys.executable, str(EXAMPLE / "mc.py"), *files]
    environment = os.environ | {"CONFIG_PATH": str(folder / "config.json")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def prices(folder: Path) -> dict[str, tuple[float, float]]:
    with (folder / "prices.csv").open(newline="") as rows:
        return {row["id"]: (float(row["price"]), float(row["error"])) for row in csv.DictReader(rows)}


def bachelier(ahead: float, deviation: float) -> float:
    """The price in closed form."""
    d = ahead / deviation
    density = math.exp(-d * d / 2) / math.sqrt(2 * math.pi)
    return ahead * (1 + math.erf(d / math.sqrt(2))) / 2 + deviation * density


def test_prices_are_those_of_theory_within_their_error(tmp_path: Path) -> None:
    """In, at and out of the money; four standard errors are never reached."""
    done = price(tmp_path, "in,120,100,20,1\nat,100,100,10,0.25\nout,80,100,15,2\n")
    assert done.returncode == 0, done.stderr
    expected = {"in": (20, 20), "at": (0, 5), "out": (-20, 15 * math.sqrt(2))}
    for name, (got, error) in prices(tmp_path).items():
        assert 0 < error < 0.3
        assert abs(got - bachelier(*expected.pop(name))) < 4 * error
    assert not expected


def test_a_row_has_its_price_whatever_stands_beside_it(tmp_path: Path) -> None:
    """Cut into tasks in any way, the table is the same."""
    rows = [f"o{n},{90 + n},100,{5 + n},1\n" for n in range(6)]
    price(tmp_path, "".join(rows))
    together = (tmp_path / "prices.csv").read_text().splitlines()[1:]
    for row, line in zip(rows, together, strict=True):
        price(tmp_path, row)
        assert (tmp_path / "prices.csv").read_text() == f"id,price,error\n{line}\n"


def test_a_config_without_a_seed_is_refused(tmp_path: Path) -> None:
    """Exit code 2, and no table."""
    done = price(tmp_path, "a,1,1,1,1\n", {"paths": 10})
    assert (done.returncode, (tmp_path / "prices.csv").exists()) == (2, False)
    assert "paths and seed" in done.stderr
