"""A search of many sequences in a database that each node fetches once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tests.e2e.workloads.ground import EXAMPLES, Workload, adds_up, manifest, python, result_of, upload, whole


@dataclass
class Blast(Workload):
    """A hundred queries to a task; their hits become one table."""

    queries: int = 330

    def drop(self) -> None:
        """Database and queries, then the manifest."""
        inputs = self.folder / "inputs"
        python(EXAMPLES / "blast-nt" / "make_inputs.py", "-o", inputs, "--queries", self.queries)
        upload(self.person, inputs / "nt", "reference/blast/nt/")
        self.person.put("data/queries.fasta", (inputs / "queries.fasta").read_bytes())
        self.person.drop("genomics/blast.yaml", manifest("blast-nt", "contoso.azurecr.io/blast:2.16"))

    def feed(self) -> None:
        """One run of the program over all queries."""
        inputs = self.folder / "inputs"
        files = ("-query", inputs / "queries.fasta", "-db", inputs / "nt" / "nt", "-out", self.folder / "hits.tsv")
        python(EXAMPLES / "blast-nt" / "blastn.py", *files)

    def check(self) -> None:
        """The table is, byte for byte, that of one run; nothing is left."""
        status = whole(self.person, "genomics/blast.yaml")
        job, units, tasks = status["jobId"], status["units"], status["tasks"]
        assert status["labels"] == {"team": "genomics"}
        assert (units["kind"], units["total"], units["merged"]) == ("fasta records", self.queries, self.queries)
        assert adds_up(units)
        assert (tasks["total"], tasks["succeeded"]) == (-(-self.queries // 100),) * 2
        day = status["times"]["accepted"][:10]
        assert status["links"]["result"] == f"results/blast/{day}-{job}.tsv"
        hits, alone = self.person.read(status["links"]["result"]), (self.folder / "hits.tsv").read_bytes()
        assert hits == alone
        assert len(hits.splitlines()) > self.queries * 0.8
        made = result_of(self.person, status)["result"]
        assert (made["mergedBy"], made["records"]) == ("lines", len(hits.splitlines()))
        if made["hash"]["kind"] == "sha256":
            assert made["hash"]["value"] == hashlib.sha256(hits).hexdigest()
        assert self.person.left(job) == []
