"""Who drops the jobs of a soak, changes his mind about them, and judges what he gets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

from local.demo.ground import Ground
from tests.load.kinds import FIRST, KINDS, SECOND, End, Kind

Document = dict[str, Any]
SUM = ("merged", "pending", "failed", "skipped", "notRun")


@dataclass
class Dropped:
    """`path`: of the manifest; `at`: when something is done to it; `again`: the path of what was dropped later."""

    kind: str
    name: str
    at: float | None = None
    again: str | None = None

    @property
    def path(self) -> str:
        return f"{self.name}.yaml"


@dataclass
class People:
    ground: Ground
    dice: Random
    dropped: list[Dropped] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)
    _line: list[str] = field(default_factory=list)

    def drop(self, kinds: list[str]) -> None:
        """One job more; each kind comes once before any comes twice."""
        self._line = [kind for kind in self._line if kind in kinds] or self.dice.sample(kinds, len(kinds))
        kind = self._line.pop()
        job = Dropped(kind, f"soak-{len(self.dropped) + 1:04}-{kind}", monotonic() + self.dice.uniform(0, 15))
        self.dropped.append(job)
        self._put(job.path, KINDS[kind].manifest)

    def step(self, is_final: Callable[[str], bool]) -> None:
        """Do what is due. `is_final`: is the job of that manifest over?"""
        for job in self.dropped:
            if job.at is not None:
                self._later(job, KINDS[job.kind], is_final)

    def _later(self, job: Dropped, kind: Kind, is_final: Callable[[str], bool]) -> None:
        if kind.later is None:
            job.at = None
        elif kind.later == "retry":
            self._retry(job, kind, is_final)
        elif job.at is not None and monotonic() >= job.at:
            job.at = None
            self.deeds[kind.later] += 1
            self._put(*((f"{job.path}.cancel", "") if kind.later == "cancel" else (job.path, kind.again)))

    def _retry(self, job: Dropped, kind: Kind, is_final: Callable[[str], bool]) -> None:
        """As soon as it is over."""
        if not is_final(job.path):
            return
        job.at = None
        retry = self.ground.download(str(self.status(job.path)["links"]["retry"]))
        if retry is not None:
            self.deeds["retry"] += 1
            job.again = f"{job.name}-again.yaml"
            self._put(job.again, retry.decode() + kind.again)

    def _put(self, path: str, content: str) -> None:
        self.ground.upload(f"jobs/{path}", content.encode(), "application/yaml")

    # ------------------------------------------------------------------ judging

    def status(self, path: str) -> Document:
        """Empty where there is none."""
        return dict(json.loads(self.ground.download(f"status/{path}.json") or b"{}"))

    def over(self, job: Dropped) -> bool:
        """All that was dropped for it has ended, nothing of it is kept."""
        found = [self.status(path) for path in (job.path, job.again) if path]
        return job.at is None and all(each and each["final"] and each["cleanup"]["state"] == "done" for each in found)

    def judge(self, job: Dropped) -> tuple[list[str], list[str]]:
        """States of the jobs that came of it; what is not as it must be."""
        kind = KINDS[job.kind]
        ends = {part: end for part, end in kind.ends.items() if part == FIRST or kind.later != "retry" or job.again}
        results = self._results(job)
        wrong = [f"{part}: no result.json" for part, end in ends.items() if end.needed and part not in parts(results)]
        wrong += [f"{part}: {count} jobs" for part, count in Counter(parts(results)).items() if count > 1]
        for result in results:
            part = result["labels"]["part"]
            wrong += [f"{part}: {each}" for each in self._wrong(result, ends[part], kind)]
        return [result["state"] for result in results], wrong + self._status_wrong(job, kind, results)

    def _results(self, job: Dropped) -> list[Document]:
        container = self.ground.blobs.get_container_client("results")
        prefix = f"bd-{job.name}"[:35]
        names = [blob.name for blob in container.list_blobs(prefix) if blob.name.endswith("/result.json")]
        found = [json.loads(self.ground.download(f"results/{name}") or b"{}") for name in names]
        return [each for each in found if each["name"] == job.name]

    def _wrong(self, result: Document, end: End, kind: Kind) -> list[str]:
        units = result["units"] or {}
        checks = {
            f"{result['state']}, {result['failure']}": result["state"] == end.state,
            f"complete: {result['complete']}": result["complete"] == end.complete,
            f"sum: {units}": not units or units["total"] == sum(units[part] for part in SUM),
            "bytes": result["state"] != "succeeded" or end.merged is None or self._bytes(result, kind) == end.merged,
        }
        return [what for what, holds in checks.items() if not holds]

    def _bytes(self, result: Document, kind: Kind) -> bytes | None:
        path = result["result"]["path"]
        if not path.endswith("/"):
            content = self.ground.download(path)
            return None if content is None else kind.shape(content)
        container, _, prefix = path.partition("/")
        listed = self.ground.blobs.get_container_client(container).list_blob_names(name_starts_with=prefix)
        return b"".join(self.ground.download(f"{container}/{name}") or b"" for name in sorted(listed))

    def _status_wrong(self, job: Dropped, kind: Kind, results: list[Document]) -> list[str]:
        """The status of the newest version is final, and of the job that ended so."""
        last = SECOND if job.again is None and SECOND in kind.ends and kind.later != "retry" else FIRST
        said = self.status(job.path)
        meant = {each["jobId"]: each["state"] for each in results if each["labels"]["part"] == last}
        right = said and said["final"] and meant.get(said["jobId"]) == said["state"]
        return [] if right else [f"status: {said.get('state')} of {said.get('jobId')}, not {meant}"]


def parts(results: list[Document]) -> list[str]:
    return [result["labels"]["part"] for result in results]
