"""Whole kinds of work on the running stack: the examples' manifests, images by other names.

A manifest stands as it is, the number of pictures aside. What each job leaves is compared with the same programs run by
hand over the same input.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.stack.keys import TASK_SECRETS
from tests.e2e.conftest import Person

pytestmark = pytest.mark.stack
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LIFTS = 6
PICTURES, BROKEN = 260, 207
"""A list of 200 and one of 60; the broken one is the eighth of the second."""


def python(*arguments: object, environment: dict[str, str] | None = None) -> None:
    command = [sys.executable, *(str(argument) for argument in arguments)]
    subprocess.run(command, env=os.environ | (environment or {}), check=True, capture_output=True, timeout=60)


def manifest(example: str, image: str, known_as: str) -> str:
    """The example's own, with the image under its other name."""
    text = (EXAMPLES / example / "manifest.yaml").read_text()
    assert text.count(f"image: {image} ") == 1
    return text.replace(f"image: {image} ", f"image: {known_as} ")


def upload(person: Person, folder: Path, prefix: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda path: person.put(f"{prefix}{path.relative_to(folder)}", path.read_bytes()), files))


def below(person: Person, path: str) -> dict[str, bytes]:
    """Name below `container/prefix/` -> content."""
    container, _, prefix = path.partition("/")
    names = list(person.storage.get_container_client(container).list_blob_names(name_starts_with=prefix))
    with ThreadPoolExecutor(8) as threads:
        contents = threads.map(lambda name: person.read(f"{container}/{name}"), names)
        return {name.removeprefix(prefix): content for name, content in zip(names, contents, strict=True)}


def adds_up(units: dict[str, Any]) -> bool:
    parts = ("merged", "pending", "failed", "skipped", "notRun")
    return bool(units["total"] == sum(units[part] for part in parts))


def lifts_alone(inputs: Path, folder: Path) -> list[dict[str, Any]]:
    """What the image's entry point makes of each config without any Batchdrop."""
    for config in sorted((inputs / "config").iterdir()):
        database = inputs / "database" / "HeavyLiftSQLite.zip"
        variables = {"CONFIG_PATH": str(config), "DB_PATH": str(database), "OUTPUT_PATH": f"{folder}/"}
        python(EXAMPLES / "heavylift" / "wrapper.py", environment=variables)
    return [json.loads(path.read_text()) for path in sorted(folder.glob("Result_file*.json"))]


def test_the_old_guides_image_and_its_recombiner_run_unchanged(person: Person, tmp_path: Path) -> None:
    """Six lifts become one SQLite database with exactly the numbers that six runs by hand give; nothing is left."""
    inputs, alone = tmp_path / "inputs", tmp_path / "alone"
    alone.mkdir()
    python(EXAMPLES / "heavylift" / "make_inputs.py", "-o", inputs, "--lifts", LIFTS)
    upload(person, inputs, "data/heavylift/")
    known_as = "indatascience.azurecr.io/heavylift:latest"
    person.drop("heavylift.yaml", manifest("heavylift", "localhost/heavylift:latest", known_as))
    reports = lifts_alone(inputs, alone)
    status = person.cleaned("heavylift.yaml")
    job = status["jobId"]
    assert (status["state"], status["complete"], status["failure"]) == ("succeeded", True, None)
    assert (status["units"]["total"], status["units"]["merged"], status["tasks"]["succeeded"]) == (LIFTS,) * 3
    assert adds_up(status["units"])
    assert status["links"]["failed"] is None
    assert status["links"]["result"] == f"results/{job}/heavylift.sqlite"
    database = person.read(status["links"]["result"])
    made = json.loads(person.read(f"results/{job}/result.json"))["result"]
    assert made["hash"] == {"kind": "sha256", "value": hashlib.sha256(database).hexdigest()}
    assert (made["mergedBy"], made["blobs"], made["bytes"]) == ("container", 1, len(database))
    check_database(database, reports, tmp_path / "heavylift.sqlite")
    check_secret(person, job)
    assert person.left(job) == []
    receipt = json.loads(person.read(f"results/{job}/receipt.json"))
    assert {f"{job}-merge", job} <= {item["id"] for item in receipt["deleted"]}


def check_database(content: bytes, reports: list[dict[str, Any]], path: Path) -> None:
    """Each lift and each step of each report is in its table once, and nothing else is."""
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        lifts = database.execute("SELECT name, crane, weight, trials, overloads, worst_radius FROM lift").fetchall()
        steps = database.execute("SELECT lift, position, radius, capacity, utilisation FROM step").fetchall()
    assert len(reports) == LIFTS
    assert sorted(lifts) == sorted(
        (each["lift"], each["crane"], each["weight"], each["trials"], each["overloads"], each["worst"]["radius"])
        for each in reports
    )
    assert sorted(steps) == sorted(
        (each["lift"], position, step["radius"], step["capacity"], step["utilisation"])
        for each in reports
        for position, step in enumerate(each["steps"])
    )


def check_secret(person: Person, job: str) -> None:
    """The recombiner refuses to run without its password; what was given to it is written nowhere."""
    secret = TASK_SECRETS["task-heavylift-sql"].encode()
    kept = {**below(person, f"results/{job}/"), **below(person, "status/"), **below(person, "batchdrop/")}
    assert any(job in name for name in kept)
    assert [name for name, content in kept.items() if secret in content] == []
    assert secret not in person.stack.layout.log("host").read_bytes()


def thumbs_alone(photos: Path, folder: Path) -> dict[str, bytes]:
    """What one run of the program makes of all pictures: path below the folder -> content."""
    rows = [
        {"unit": unit, "path": str(path), "output": str(folder / "out" / f"{path.relative_to(photos)}.ppm")}
        for unit, path in enumerate(sorted(photos.rglob("*.pnm")))
    ]
    (folder / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = ("--list", folder / "list.jsonl", "--failed", folder / "failed.jsonl")
    python(EXAMPLES / "thumbs" / "thumbs.py", *files)
    made = [path for path in (folder / "out").rglob("*") if path.is_file()]
    return {path.relative_to(folder / "out").as_posix(): path.read_bytes() for path in made}


def test_thumbnails_of_many_blobs_with_a_broken_one_among_them(person: Person, tmp_path: Path) -> None:
    """260 pictures, 200 to a task, come after the manifest: 259 small ones as by hand, one failed by name, no GIF."""
    photos, alone = tmp_path / "photos", tmp_path / "alone"
    alone.mkdir()
    python(EXAMPLES / "thumbs" / "make_inputs.py", "-o", photos, "--pictures", PICTURES, "--broken", "1")
    text = manifest("thumbs", "localhost/thumbs:5", "contoso.azurecr.io/thumbs:5")
    person.drop("thumbs.yaml", text.replace("units: 500 ", f"units: {PICTURES} "))
    early = person.wait("thumbs.yaml", lambda status: bool(status["waiting"]))
    assert [reason["code"] for reason in early["waiting"]] == ["INPUT_MISSING"]
    upload(person, photos, "data/photos/")
    expected = thumbs_alone(photos, alone)
    status = person.wait("thumbs.yaml", lambda s: bool(s["final"]) and bool(s["times"]["cleaned"]))
    job, units = status["jobId"], status["units"]
    assert (status["state"], status["complete"], status["failure"]) == ("succeeded", False, None)
    assert (units["kind"], units["total"], units["merged"], units["failed"]) == ("blobs", PICTURES, PICTURES - 1, 1)
    assert adds_up(units)
    assert (status["tasks"]["total"], status["tasks"]["succeeded"]) == (2, 2)
    assert "INCOMPLETE" in [warning["code"] for warning in status["warnings"]]
    check_failed(person, status)
    result = json.loads(person.read(f"results/{job}/result.json"))
    assert (result["result"]["path"], result["result"]["blobs"]) == ("data/thumbs/", PICTURES - 1)
    assert (result["units"]["tolerated"], result["units"]["failed"]) == (1, 1)
    assert len(expected) == PICTURES - 1
    assert below(person, "data/thumbs/") == expected
    index = [json.loads(line)["path"] for line in person.read(f"results/{job}/index.jsonl").splitlines()]
    assert index == [f"data/thumbs/{name}" for name in sorted(expected)]
    assert person.left(job) == [f"{job}-input", f"{job}-output"]
    assert {item["id"] for item in status["cleanup"]["remaining"]} == {f"{job}-input", f"{job}-output"}


def check_failed(person: Person, status: dict[str, Any]) -> None:
    """failed.jsonl has the one broken picture: its task, its place among all, and the program's own words."""
    rows = [json.loads(line) for line in person.read(status["links"]["failed"]).splitlines()]
    assert [(row["task"], row["units"], row["reason"]) for row in rows] == [
        ("t-000001", {"first": BROKEN, "count": 1}, "REPORTED")
    ]
    assert "cut off" in rows[0]["message"]
