"""Gathers the results of many lifts in one database: `recombiner.py FOLDER -o heavylift.sqlite`.

FOLDER holds the result files, side by side. The database has two tables: `lift`, one row a result file, and `step`, one
row a radius of its path. SQL_PASSWORD must be set, as wherever results go to a database server; a SQLite file has no
password, so here nothing is done with it, and it is never printed. Exit codes: 0 done, 2 not called as it must be, 1 a
result that cannot be taken, which is named.

It begins anew each time: run twice, it leaves the same rows, and a run that ends early leaves no database.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECRET = "SQL_PASSWORD"  # noqa: S105  # the name of a variable
TABLES = """
CREATE TABLE lift (
    name TEXT PRIMARY KEY, file TEXT NOT NULL, crane TEXT NOT NULL, weight REAL NOT NULL, trials INTEGER NOT NULL,
    overloads INTEGER NOT NULL, worst_radius REAL NOT NULL, worst_utilisation REAL NOT NULL
) STRICT;
CREATE TABLE step (
    lift TEXT NOT NULL REFERENCES lift (name), position INTEGER NOT NULL, radius REAL NOT NULL, capacity REAL NOT NULL,
    utilisation REAL NOT NULL, PRIMARY KEY (lift, position)
) STRICT;
"""
Report = dict[str, Any]


class WrongResult(Exception):
    """A result file that cannot become rows."""


def main() -> int:
    """Make the database that the command line names."""
    parser = argparse.ArgumentParser(description="Gathers the results of many lifts in one database.")
    parser.add_argument("folder", type=Path, help="the folder with the result files")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the SQLite database to make")
    arguments = parser.parse_args()
    if not os.environ.get(SECRET):  # noqa: TID251  # this image's own contract
        return refuse(f"not set: {SECRET}", 2)
    if not arguments.folder.is_dir():
        return refuse(f"{arguments.folder} is no folder", 2)
    try:
        lifts = make_database(arguments.folder, arguments.output)
    except WrongResult as wrong:
        return refuse(str(wrong), 1)
    print(f"{arguments.output}: {lifts} lifts")
    return 0


def refuse(why: str, code: int) -> int:
    """Say what is wrong; the exit code."""
    print(why, file=sys.stderr)
    return code


def make_database(folder: Path, target: Path) -> int:
    """How many lifts are in it. Written beside `target` and named so only when all of it is there."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        lifts = fill(unfinished, folder)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return lifts


def fill(database: Path, folder: Path) -> int:
    connection = sqlite3.connect(database)
    try:
        connection.executescript(TABLES)
        lifts = sum(add(connection, file, report) for file, report in reports(folder))
        connection.commit()
    finally:
        connection.close()
    if not lifts:
        raise WrongResult(f"{folder} holds no result file (*.json)")
    return lifts


def reports(folder: Path) -> Iterator[tuple[str, Report]]:
    """The name and the content of each result file, in the order of their names."""
    for path in sorted(folder.glob("*.json")):
        try:
            report = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise WrongResult(f"{path.name} is no JSON: {error}") from error
        yield path.name, report


def add(connection: sqlite3.Connection, file: str, report: Report) -> int:
    """One lift with its steps; always 1. Raises WrongResult, naming the file."""
    try:
        lift, steps = rows(file, report)
    except (KeyError, TypeError) as error:
        raise WrongResult(f"{file} is not the result of a lift: {type(error).__name__} {error}") from error
    try:
        connection.execute("INSERT INTO lift VALUES (?, ?, ?, ?, ?, ?, ?, ?)", lift)
        connection.executemany("INSERT INTO step VALUES (?, ?, ?, ?, ?)", steps)
    except sqlite3.Error as error:
        raise WrongResult(f"{file} cannot be added: {error}") from error
    return 1


def rows(file: str, report: Report) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
    """The row of table `lift`, and those of table `step`."""
    name, worst = report["lift"], report["worst"]
    counted = (report["crane"], report["weight"], report["trials"], report["overloads"])
    steps = [
        (name, position, step["radius"], step["capacity"], step["utilisation"])
        for position, step in enumerate(report["steps"])
    ]
    return (name, file, *counted, worst["radius"], worst["utilisation"]), steps


if __name__ == "__main__":
    sys.exit(main())
