"""One video a task, a canary first, everything that was printed kept."""

from __future__ import annotations

import json
from dataclasses import dataclass

from azure.core.exceptions import ResourceNotFoundError

from tests.e2e.conftest import Status
from tests.e2e.workloads.ground import EXAMPLES, Workload, adds_up, below, manifest, over, python, result_of, upload

PATH = "cameras/detect.yaml"


@dataclass
class Detection(Workload):
    """Twelve videos; the seventh is broken, which is tolerated."""

    videos: int = 12
    broken: int = 6
    expected: bytes = b""

    def drop(self) -> None:
        """Weights and videos, then the manifest."""
        inputs = self.folder / "inputs"
        counts = ("--videos", self.videos, "--broken", 1)
        python(EXAMPLES / "detect" / "make_inputs.py", "-o", inputs, *counts)
        upload(self.person, inputs / "yolo", "reference/yolo/")
        upload(self.person, inputs / "videos", "data/videos/")
        self.person.drop(PATH, manifest("detect", "contoso.azurecr.io/detect:1.9"))
        self.person.wait(PATH, self._canary_is_over)

    def feed(self) -> None:
        """A run of the program for each whole video, in the order of their names."""
        inputs, found = self.folder / "inputs", self.folder / "found.jsonl"
        for number, video in enumerate(sorted(inputs.rglob("*.mp4"))):
            if number != self.broken:
                files = ("--video", video, "--weights", inputs / "yolo", "--json", found)
                python(EXAMPLES / "detect" / "detect.py", *files)
                self.expected += found.read_bytes()
        assert self.expected.count(b"\n") > self.videos

    def _canary_is_over(self, status: Status) -> bool:
        """Until a task has ended there is one at most."""
        try:
            ended = [task.state == "completed" for task in self.person.batch.list_tasks(str(status["jobId"]))]
        except ResourceNotFoundError:
            ended = []
        assert any(ended) or len(ended) <= 1
        return any(ended) or bool(status["final"])

    def check(self) -> None:
        """The finds of all whole videos; the broken one ran four times and is failed by name; all logs are kept."""
        status = self.person.wait(PATH, over)
        job, units = status["jobId"], status["units"]
        assert (status["state"], status["complete"], status["failure"]) == ("succeeded", False, None), status
        assert (units["kind"], units["total"], units["merged"], units["failed"]) == (
            ("blobs", self.videos, self.videos - 1, 1)
        )
        assert adds_up(units)
        assert status["links"]["result"] == f"results/detect/{job}.jsonl"
        assert self.person.read(status["links"]["result"]) == self.expected
        assert status["attempts"]["runs"] == self.videos - 1 + 4
        assert status["cost"]["capNodeHours"] == 900
        self._check_failed(status)
        self._check_logs(job)
        assert set(self.person.left(job)) == {f"{job}-input", f"{job}-output"}

    def _check_failed(self, status: Status) -> None:
        result = result_of(self.person, status)
        assert (result["units"]["tolerated"], result["failuresListed"]) == (25, 1)
        (failure,) = result["failures"]
        assert (failure["task"], failure["reason"], failure["exitCode"], failure["runs"]) == (
            (f"t-{self.broken:06}", "EXIT_CODE", 3, 4)
        )
        assert "cut off" in failure["stderrTail"]
        rows = [json.loads(line) for line in self.person.read(status["links"]["failed"]).splitlines()]
        assert [row["units"] for row in rows] == [{"first": self.broken, "count": 1}]

    def _check_logs(self, job: str) -> None:
        """What each program printed, those that went well included."""
        logs = below(self.person, f"results/{job}/logs/")
        for number in range(self.videos):
            printed = logs[f"t-{number:06}/stdout.txt"].decode()
            assert printed.startswith(f"{number:05}.mp4: ") == (number != self.broken), printed
