"""The night's table, scored when it is there."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass

from tests.e2e.workloads.ground import EXAMPLES, Workload, adds_up, manifest, python, result_of, whole

PATH = "nightly/score.yaml"
TARGET = "data/scored/2026-11-22.csv"


@dataclass
class Scoring(Workload):
    """Comments have lines of their own; the model is an archive that is unpacked once per node."""

    rows: int = 3000

    def drop(self) -> None:
        """The manifest, before anything else is there but the result of another night."""
        text = manifest("score-nightly", "contoso.azurecr.io/score:2026.11")
        assert text.count("bytesPerTask: 128MiB\n") == 1
        self.person.put(TARGET, "what was there before")
        self.person.drop(PATH, text.replace("bytesPerTask: 128MiB\n", "bytesPerTask: 64KiB\n"))

    def feed(self) -> None:
        """Model, config, table and then its mark; one run of the program over the whole table."""
        inputs = self.folder / "inputs"
        python(EXAMPLES / "score-nightly" / "make_inputs.py", "-o", inputs, "--rows", self.rows)
        for name, path in {
            "model.tar.gz": "reference/model/model.tar.gz",
            "config.json": "reference/model/config.json",
            "2026-11-22.csv": "data/nightly/2026-11-22.csv",
        }.items():
            self.person.put(path, (inputs / name).read_bytes())
        early = self.person.wait(PATH, lambda status: bool(status["waiting"]))
        assert [reason["code"] for reason in early["waiting"]] == ["INPUT_MISSING"]
        assert early["nodes"]["pool"] is None
        self.person.put("data/nightly/2026-11-22._SUCCESS", b"")
        self._alone()

    def _alone(self) -> None:
        inputs, model = self.folder / "inputs", self.folder / "model"
        model.mkdir()
        with tarfile.open(inputs / "model.tar.gz") as archive:
            weights = archive.extractfile("weights.json")
            assert weights is not None
            (model / "weights.json").write_bytes(weights.read())
        files = ("-i", inputs / "2026-11-22.csv", "-o", self.folder / "scores.csv", "-c", inputs / "config.json")
        python(EXAMPLES / "score-nightly" / "score.py", *files, environment={"REFERENCE_DIR": str(self.folder)})

    def check(self) -> None:
        """The older table is replaced by the scores of one run; a second drop is the same job; nothing is left."""
        status = whole(self.person, PATH)
        job, units, tasks = status["jobId"], status["units"], status["tasks"]
        assert (units["kind"], units["total"], units["merged"]) == ("csv rows", self.rows, self.rows)
        assert adds_up(units)
        assert tasks["succeeded"] == tasks["total"] > 3
        assert status["links"]["result"] == TARGET
        assert self.person.read(TARGET) == (self.folder / "scores.csv").read_bytes()
        result = result_of(self.person, status)
        assert (result["idempotencyKey"], result["result"]["records"]) == ("score-2026-11-22", self.rows)
        assert self.person.left(job) == []
        text = self.person.read(f"jobs/{PATH}").decode()
        self.person.drop("elsewhere/score.yaml", text)
        assert self.person.final("elsewhere/score.yaml")["jobId"] == job
