"""One simulation for each row of a table."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.workloads.ground import EXAMPLES, Workload, adds_up, manifest, python, result_of, whole


@dataclass
class MonteCarlo(Workload):
    """A thousand rows to a task; a row out for each row in."""

    rows: int = 2400

    def drop(self) -> None:
        """The rows, then the manifest."""
        params = self.folder / "params.csv"
        python(EXAMPLES / "montecarlo" / "make_inputs.py", "-o", params, "--rows", self.rows)
        self.person.put("data/params.csv", params.read_bytes())
        self.person.drop("montecarlo.yaml", manifest("montecarlo", "contoso.azurecr.io/mc:3"))

    def feed(self) -> None:
        """One run of the program over all rows, with the config of the manifest."""
        config = self.folder / "config.json"
        config.write_text('{"paths": 10000, "seed": 42}')
        files = ("--params", self.folder / "params.csv", "--out", self.folder / "prices.csv")
        python(EXAMPLES / "montecarlo" / "mc.py", *files, environment={"CONFIG_PATH": str(config)})

    def check(self) -> None:
        """One header and the same prices as in one run; node time is counted against its cap; nothing is left."""
        status = whole(self.person, "montecarlo.yaml")
        job, units, tasks = status["jobId"], status["units"], status["tasks"]
        assert (units["kind"], units["total"], units["merged"]) == ("csv rows", self.rows, self.rows)
        assert adds_up(units)
        assert (tasks["total"], tasks["succeeded"]) == (-(-self.rows // 1000),) * 2
        assert status["links"]["result"] == f"results/mc/{job}.csv"
        assert self.person.read(status["links"]["result"]) == (self.folder / "prices.csv").read_bytes()
        made = result_of(self.person, status)["result"]
        assert (made["mergedBy"], made["records"]) == ("csv", self.rows)
        assert status["cost"]["capNodeHours"] == 400
        assert 0 < status["cost"]["nodeHours"] < 1
        assert self.person.left(job) == []
