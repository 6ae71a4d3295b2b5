"""Small pictures of many blobs, with a broken one among them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.e2e.conftest import Status
from tests.e2e.workloads.ground import EXAMPLES, Workload, adds_up, below, manifest, over, python, result_of, upload


@dataclass
class Thumbs(Workload):
    """Lists of 200 pictures to a task; the pictures come after the manifest."""

    pictures: int = 260
    broken: tuple[int, ...] = (207,)
    """Which the generator breaks off: of a list of 200 and one of 60 it is the eighth of the second."""
    expected: dict[str, bytes] = field(default_factory=dict)

    def drop(self) -> None:
        """The manifest alone."""
        text = manifest("thumbs", "contoso.azurecr.io/thumbs:5")
        self.person.drop("thumbs.yaml", text.replace("units: 500 ", f"units: {self.pictures} "))

    def feed(self) -> None:
        """The pictures, once the job says that it waits for them."""
        photos = self.folder / "photos"
        counts = ("--pictures", self.pictures, "--broken", len(self.broken))
        python(EXAMPLES / "thumbs" / "make_inputs.py", "-o", photos, *counts)
        early = self.person.wait("thumbs.yaml", lambda status: bool(status["waiting"]))
        assert [reason["code"] for reason in early["waiting"]] == ["INPUT_MISSING"]
        upload(self.person, photos, "data/photos/")
        self.expected = self._alone()
        assert len(self.expected) == self.pictures - len(self.broken)

    def _alone(self) -> dict[str, bytes]:
        """What one run of the program makes of all pictures: path below the folder -> content."""
        photos, out = self.folder / "photos", self.folder / "out"
        rows = [
            {"unit": unit, "path": str(path), "output": str(out / f"{path.relative_to(photos)}.ppm")}
            for unit, path in enumerate(sorted(photos.rglob("*.pnm")))
        ]
        (self.folder / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        files = ("--list", self.folder / "list.jsonl", "--failed", self.folder / "failed.jsonl")
        python(EXAMPLES / "thumbs" / "thumbs.py", *files)
        made = [path for path in out.rglob("*") if path.is_file()]
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in made}

    def check(self) -> None:
        """Each picture that is whole is there as by hand; each broken one is failed by name; no GIF."""
        status = self.person.wait("thumbs.yaml", over)
        units, good, bad = status["units"], len(self.expected), len(self.broken)
        assert (status["state"], status["complete"], status["failure"]) == ("succeeded", not bad, None), status
        assert (units["kind"], units["total"], units["merged"], units["failed"]) == ("blobs", good + bad, good, bad)
        assert adds_up(units)
        assert status["tasks"]["succeeded"] == status["tasks"]["total"] == -(-self.pictures // 200)
        result = result_of(self.person, status)
        assert (result["result"]["path"], result["result"]["blobs"]) == ("data/thumbs/", good)
        assert (result["units"]["tolerated"], result["units"]["failed"]) == (self.pictures // 200, bad)
        assert below(self.person, "data/thumbs/") == self.expected
        index = self.person.read(f"results/{status['jobId']}/index.jsonl").splitlines()
        assert [json.loads(line)["path"] for line in index] == [f"data/thumbs/{name}" for name in sorted(self.expected)]
        if bad:
            self._check_failed(status)
        self._check_kept(status)

    def _check_failed(self, status: Status) -> None:
        """failed.jsonl has each broken picture: its task, its place among all, and the program's own words."""
        assert "INCOMPLETE" in [warning["code"] for warning in status["warnings"]]
        rows = [json.loads(line) for line in self.person.read(status["links"]["failed"]).splitlines()]
        assert [(row["task"], row["units"], row["reason"]) for row in rows] == [
            (f"t-{number // 200:06}", {"first": number, "count": 1}, "REPORTED") for number in self.broken
        ]
        assert all("cut off" in row["message"] for row in rows)

    def _check_kept(self, status: Status) -> None:
        """Only what a retry needs is kept, and only where one is possible."""
        job = status["jobId"]
        kept = {f"{job}-input", f"{job}-output"} if self.broken else set()
        assert set(self.person.left(job)) == kept
        assert {item["id"] for item in status["cleanup"]["remaining"]} == kept
