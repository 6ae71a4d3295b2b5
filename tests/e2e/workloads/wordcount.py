"""The words of one big text."""

from __future__ import annotations

import json
from dataclasses import dataclass

import yaml

from tests.e2e.workloads.ground import EXAMPLES, Workload, manifest, python, went_well


@dataclass
class WordCount(Workload):
    """Half a MiB to a task; the counts are added up."""

    size: int = 2
    """MiB."""
    runs: int = 0
    """How many containers the job has had, once it is checked."""

    def drop(self) -> None:
        """The text, then the manifest."""
        text = self.folder / "text.txt"
        python(EXAMPLES / "wordcount" / "make_input.py", "-o", text, "--size", self.size)
        self.person.put("data/wordcount/text.txt", text.read_bytes())
        self.person.drop("wordcount.yaml", manifest("wordcount"))

    def feed(self) -> None:
        """One run of the program over the whole text."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(yaml.safe_load(manifest("wordcount"))["config"]))
        files = ("-i", self.folder / "text.txt", "-o", self.folder / "counts.csv", "-c", config)
        python(EXAMPLES / "wordcount" / "wordcount.py", *files)

    def check(self) -> None:
        """The counts are, byte for byte, those of one run."""
        status = self.person.cleaned("wordcount.yaml")
        assert went_well(status), status
        self.runs = status["attempts"]["runs"]
        assert self.runs == status["tasks"]["succeeded"] == status["tasks"]["total"] > 1
        assert self.person.read(status["links"]["result"]) == (self.folder / "counts.csv").read_bytes()
