"""The old guide's image and its recombiner."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from local.stack.keys import TASK_SECRETS
from tests.e2e.workloads.ground import (
    EXAMPLES,
    Workload,
    adds_up,
    below,
    manifest,
    python,
    result_of,
    upload,
    whole,
)


@dataclass
class HeavyLift(Workload):
    """One task per config file; the recombiner gathers their results in one database."""

    lifts: int = 6
    reports: list[dict[str, Any]] = field(default_factory=list)

    def drop(self) -> None:
        """The inputs, then the manifest."""
        inputs = self.folder / "inputs"
        python(EXAMPLES / "heavylift" / "make_inputs.py", "-o", inputs, "--lifts", self.lifts)
        upload(self.person, inputs, "data/heavylift/")
        self.person.drop("heavylift.yaml", manifest("heavylift", "indatascience.azurecr.io/heavylift:latest"))

    def feed(self) -> None:
        """What the image's entry point makes of each config without any Batchdrop."""
        inputs, alone = self.folder / "inputs", self.folder / "alone"
        alone.mkdir()
        for config in sorted((inputs / "config").iterdir()):
            database = inputs / "database" / "HeavyLiftSQLite.zip"
            variables = {"CONFIG_PATH": str(config), "DB_PATH": str(database), "OUTPUT_PATH": f"{alone}/"}
            python(EXAMPLES / "heavylift" / "wrapper.py", environment=variables)
        self.reports = [json.loads(path.read_text()) for path in sorted(alone.glob("Result_file*.json"))]
        assert len(self.reports) == self.lifts

    def check(self) -> None:
        """The same numbers, once each; nothing is left; the receipt says so."""
        status = whole(self.person, "heavylift.yaml")
        job, units = status["jobId"], status["units"]
        assert (units["total"], units["merged"], status["tasks"]["succeeded"]) == (self.lifts,) * 3
        assert adds_up(units)
        assert status["links"]["failed"] is None
        assert status["links"]["result"] == f"results/{job}/heavylift.sqlite"
        database = self.person.read(status["links"]["result"])
        made = result_of(self.person, status)["result"]
        assert made["hash"] == {"kind": "sha256", "value": hashlib.sha256(database).hexdigest()}
        assert (made["mergedBy"], made["blobs"], made["bytes"]) == ("container", 1, len(database))
        self._check_database(database)
        self._check_secret(job)
        assert self.person.left(job) == []
        receipt = json.loads(self.person.read(f"results/{job}/receipt.json"))
        assert {f"{job}-merge", job} <= {item["id"] for item in receipt["deleted"]}

    def _check_database(self, content: bytes) -> None:
        """Each lift and each step of each report is in its table once, and nothing else is."""
        path = self.folder / "heavylift.sqlite"
        path.write_bytes(content)
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            lifts = database.execute("SELECT name, crane, weight, trials, overloads, worst_radius FROM lift").fetchall()
            steps = database.execute("SELECT lift, position, radius, capacity, utilisation FROM step").fetchall()
        assert sorted(lifts) == sorted(
            (each["lift"], each["crane"], each["weight"], each["trials"], each["overloads"], each["worst"]["radius"])
            for each in self.reports
        )
        assert sorted(steps) == sorted(
            (each["lift"], position, step["radius"], step["capacity"], step["utilisation"])
            for each in self.reports
            for position, step in enumerate(each["steps"])
        )

    def _check_secret(self, job: str) -> None:
        """The recombiner refuses to run without its password; what was given to it is written nowhere."""
        secret = TASK_SECRETS["task-heavylift-sql"].encode()
        folders = (f"results/{job}/", "status/", "batchdrop/")
        kept = {name: content for folder in folders for name, content in below(self.person, folder).items()}
        assert any(job in name for name in kept)
        assert [name for name, content in kept.items() if secret in content] == []
        assert secret not in self.person.stack.layout.log("host").read_bytes()
