"""The words of one big text."""

from __future__ import annotations

import json
from dataclasses import dataclass

import yaml

from tests.e2e.workloads.ground import EXAMPLES, Workload, manifest, python, whole


@dataclass
class WordCount(Workload):
    """Half a MiB to a task; the counts are added up."""

    size: int = 2
    """MiB."""
    staging: str = "transfer"
    runs: int = 0
    """How many containers the job has had, once it is checked."""

    @property
    def path(self) -> str:
        """Of the manifest."""
        return f"{self.staging}/wordcount.yaml"

    def drop(self) -> None:
        """The text, then the manifest."""
        text = self.folder / "text.txt"
        python(EXAMPLES / "wordcount" / "make_input.py", "-o", text, "--size", self.size)
        place = f"data/{self.staging}/text.txt"
        self.person.put(place, text.read_bytes())
        words = manifest("wordcount").replace("data/wordcount/text.txt", place)
        self.person.drop(self.path, f"{words}  staging: {self.staging}\n")

    def feed(self) -> None:
        """One run of the program over the whole text."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(yaml.safe_load(manifest("wordcount"))["config"]))
        files = ("-i", self.folder / "text.txt", "-o", self.folder / "counts.csv", "-c", config)
        python(EXAMPLES / "wordcount" / "wordcount.py", *files)

    def check(self) -> None:
        """The counts are, byte for byte, those of one run."""
        status = whole(self.person, self.path)
        self.runs = status["attempts"]["runs"]
        assert self.runs == status["tasks"]["succeeded"] == status["tasks"]["total"] > 1
        assert self.person.read(status["links"]["result"]) == (self.folder / "counts.csv").read_bytes()
