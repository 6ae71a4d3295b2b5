"""Writes the inputs of the HeavyLift example: `make_inputs.py -o FOLDER [--lifts N]`.

`FOLDER/config/Config_file1.json` ... `Config_file<N>.json`, one lift each, and `FOLDER/database/HeavyLiftSQLite.zip`,
the load charts. The same N always gives the same lifts and charts.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import zipfile
from pathlib import Path

CRANES = {"LC-250": (0.0018, 250.0), "LC-600": (0.0012, 600.0), "LC-1200": (0.0009, 1200.0)}
"""Gust factor and capacity at 10 m, in tonnes."""
RADII = range(10, 61, 2)
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Write the inputs that the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes the inputs of the HeavyLift example.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--lifts", type=int, default=24, help="how many config files (default: 24)")
    arguments = parser.parse_args()
    if arguments.lifts < 1:
        parser.error("--lifts must be 1 or more")
    write_configs(arguments.output / "config", arguments.lifts)
    write_database(arguments.output / "database" / "HeavyLiftSQLite.zip")
    print(f"{arguments.output}: {arguments.lifts} lifts and the load charts")


def write_configs(folder: Path, lifts: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, lifts + 1):
        (folder / f"Config_file{number}.json").write_text(json.dumps(lift(number), indent=2) + "\n", "utf-8")


def lift(number: int) -> dict[str, object]:
    """Lift `number`: some are easy, some would overload the crane in a gust."""
    drawn = random.Random(number)  # noqa: S311  # examples, not secrets
    crane = drawn.choice(sorted(CRANES))
    widest = drawn.randint(20, 50)
    return {
        "name": f"lift {number}",
        "crane": crane,
        "weight": round(capacity(CRANES[crane][1], widest) * drawn.uniform(0.6, 0.99), 1),
        "radii": [12.5, (12.5 + widest) / 2, float(widest)],
        "wind": round(drawn.uniform(3, 9), 1),
        "trials": 5000,
        "seed": number,
    }


def capacity(at_ten_metres: float, radius: float) -> float:
    """A crane carries less the further out the load is: the moment stays the same."""
    return round(at_ten_metres * 10 / radius, 2)


def write_database(archive: Path) -> None:
    """The load charts, zipped. The date in the archive is fixed, so that its bytes are."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "HeavyLiftSQLite.db"
        fill(database)
        with zipfile.ZipFile(archive, "w") as packed:
            entry = zipfile.ZipInfo(database.name, LONG_AGO)
            packed.writestr(entry, database.read_bytes(), zipfile.ZIP_DEFLATED)


def fill(database: Path) -> None:
    connection = sqlite3.connect(database)
    try:
        connection.execute("CREATE TABLE crane (name TEXT PRIMARY KEY, gust_factor REAL NOT NULL)")
        connection.execute("CREATE TABLE load_chart (crane TEXT, radius REAL, capacity REAL)")
        for name, (gust_factor, most) in CRANES.items():
            connection.execute("INSERT INTO crane VALUES (?, ?)", (name, gust_factor))
            chart = [(name, float(radius), capacity(most, radius)) for radius in RADII]
            connection.executemany("INSERT INTO load_chart VALUES (?, ?, ?)", chart)
        connection.commit()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
