"""The recombiner in the HeavyLift image: a folder of result files in, one SQLite database out."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

RECOMBINER = Path(__file__).resolve().parents[2] / "examples" / "heavylift" / "recombiner.py"
PASSWORD = "correct horse battery"


def result(name: str, steps: int = 2, **other: object) -> dict[str, Any]:
    """A result as the image writes it."""
    path = [{"radius": 10.0 + step, "capacity": 100.0 - step, "utilisation": 0.5} for step in range(steps)]
    return {
        "lift": name,
        "crane": "LC-250",
        "weight": 50.0,
        "steps": path,
        "worst": path[-1],
        "trials": 5000,
        "overloads": 7,
    } | other


def folder_of(tmp_path: Path, *results: object) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    for number, each in enumerate(results, 1):
        (folder / f"Result_file{number}.json").write_text(json.dumps(each))
    return folder


def recombine(folder: Path, target: Path, password: str | None = PASSWORD) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "SQL_PASSWORD"}
    if password is not None:
        environment["SQL_PASSWORD"] = password
    command = [sys.executable, str(RECOMBINER), str(folder), "-o", str(target)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def select(database: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def test_one_row_a_result_and_one_a_step(tmp_path: Path) -> None:
    """What the files say is what the tables say; other files in the folder are left alone."""
    folder = folder_of(tmp_path, result("one"), result("two", steps=3, overloads=0))
    (folder / "notes.txt").write_text("not a result")
    done = recombine(folder, tmp_path / "all.sqlite")
    assert done.returncode == 0, done.stderr
    assert select(tmp_path / "all.sqlite", "SELECT * FROM lift ORDER BY name") == [
        ("one", "Result_file1.json", "LC-250", 50.0, 5000, 7, 11.0, 0.5),
        ("two", "Result_file2.json", "LC-250", 50.0, 5000, 0, 12.0, 0.5),
    ]
    assert select(tmp_path / "all.sqlite", "SELECT * FROM step WHERE lift = 'one' ORDER BY position") == [
        ("one", 0, 10.0, 100.0, 0.5),
        ("one", 1, 11.0, 99.0, 0.5),
    ]
    assert [path.name for path in tmp_path.glob("*.sqlite*")] == ["all.sqlite"]


def test_run_twice_it_leaves_the_same_rows(tmp_path: Path) -> None:
    """It may be run again over what an earlier run left, finished or not."""
    folder, target = folder_of(tmp_path, result("one")), tmp_path / "all.sqlite"
    target.with_name("all.sqlite.unfinished").write_text("half a database")
    for _ in range(2):
        assert recombine(folder, target).returncode == 0
        assert select(target, "SELECT count(*) FROM lift") == [(1,)]


@pytest.mark.parametrize("password", [None, ""])
def test_without_its_password_it_does_nothing(tmp_path: Path, password: str | None) -> None:
    """It says which variable it lacks."""
    done = recombine(folder_of(tmp_path, result("one")), tmp_path / "all.sqlite", password)
    assert (done.returncode, done.stderr) == (2, "not set: SQL_PASSWORD\n")
    assert not (tmp_path / "all.sqlite").exists()


def test_its_password_is_told_to_nobody(tmp_path: Path) -> None:
    """Neither printed nor in the database, when it ends well and when it does not."""
    folder, target = folder_of(tmp_path, result("one")), tmp_path / "all.sqlite"
    well = recombine(folder, target)
    content = target.read_bytes()
    (folder / "Result_file2.json").write_text("{")
    badly = recombine(folder, target)
    assert (well.returncode, badly.returncode) == (0, 1)
    assert PASSWORD not in well.stdout + well.stderr + badly.stdout + badly.stderr
    assert PASSWORD.encode() not in content


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("text", "Result_file2.json is not the result of a lift"),
        ({"lift": "two"}, "Result_file2.json is not the result of a lift: KeyError 'worst'"),
        (result("one"), "Result_file2.json cannot be added: UNIQUE constraint failed: lift.name"),
        (result("two", weight="heavy"), "Result_file2.json cannot be added: cannot store TEXT value"),
        (result("two", crane=["LC"]), "Result_file2.json cannot be added"),
    ],
    ids=["no object", "no worst", "twice", "no number", "a list"],
)
def test_a_result_that_cannot_be_taken_is_named(tmp_path: Path, second: object, words: str) -> None:
    """Exit code 1, the file and the reason, and no database: half of the lifts would look like all."""
    done = recombine(folder_of(tmp_path, result("one"), second), tmp_path / "all.sqlite")
    assert done.returncode == 1
    assert words in done.stderr
    assert list(tmp_path.glob("*.sqlite*")) == []


def test_an_empty_folder_is_no_result(tmp_path: Path) -> None:
    """Nothing to gather is told, and so is a folder that is not there."""
    empty = recombine(folder_of(tmp_path), tmp_path / "all.sqlite")
    nowhere = recombine(tmp_path / "nowhere", tmp_path / "all.sqlite")
    assert (empty.returncode, nowhere.returncode) == (1, 2)
    assert "holds no result file" in empty.stderr
    assert "is no folder" in nowhere.stderr
    assert list(tmp_path.glob("*.sqlite*")) == []
