"""Whoever sees every write of the controller, and knows what must never be written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.names import RESULTS, STATE, STATUS
from shared.ports import ANY, Condition
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.faults import port

TASKS = ("pending", "running", "succeeded", "failed", "skipped", "notRun")
UNITS = ("merged", "pending", "failed", "skipped", "notRun")
FOR_GOOD = ("accepted", "input", "containers", "verdict", "merged", "merge_failed", "final", "cleaned", "archived")
"""Facts of a record that never change once they are there."""


class Witness:
    """`wrongs`: all that broke a law, in words. Empty as long as all is well."""

    def __init__(self) -> None:
        self.wrongs: list[str] = []
        self.records: dict[str, dict[str, Any]] = {}
        self.results: dict[str, bytes] = {}
        self._revisions: dict[tuple[str, str], int] = {}
        self._final: set[str] = set()

    def see(self, container: str, name: str, content: bytes, metadata: Mapping[str, str]) -> None:
        """A write that took effect."""
        if container == STATE and name.startswith("records/"):
            self._record(json.loads(content))
        if container == STATUS:
            self._status(name, json.loads(content), metadata)
        if container == RESULTS and name.endswith("/status.json"):
            self._sums(name, json.loads(content))
            self._own_status(name.partition("/")[0], json.loads(content))
        if container == RESULTS and name.endswith("/result.json"):
            self._result(name.partition("/")[0], content)

    def _record(self, record: dict[str, Any]) -> None:
        before = self.records.get(record["job"])
        self.records[record["job"]] = record
        if before is None:
            return
        if record["revision"] != before["revision"] + 1:
            self.wrongs.append(f"{record['job']}: revision {before['revision']} became {record['revision']}")
        for fact in FOR_GOOD:
            if before[fact] is not None and record[fact] != before[fact]:
                self.wrongs.append(f"{record['job']}: {fact} was {before[fact]} and became {record[fact]}")

    def _status(self, name: str, status: dict[str, Any], metadata: Mapping[str, str]) -> None:
        self._sums(name, status)
        job, revision = metadata.get("job"), int(metadata.get("revision", "0"))
        if job is None:
            return
        if revision < self._revisions.get((name, job), 0):
            self.wrongs.append(f"{name}: revision of {job} fell to {revision}")
        self._revisions[name, job] = revision

    def _own_status(self, job: str, status: dict[str, Any]) -> None:
        if job in self._final and not status["final"]:
            self.wrongs.append(f"{job}: its own status was final and is {status['state']} again")
        if status["final"]:
            self._final.add(job)

    def _sums(self, name: str, status: dict[str, Any]) -> None:
        for what, parts in (("tasks", TASKS), ("units", UNITS)):
            numbers = status[what]
            if numbers is None or numbers["total"] is None:
                continue
            if numbers["total"] != sum(numbers[part] for part in parts) or min(numbers[p] for p in parts) < 0:
                self.wrongs.append(f"{name}: {what} do not add up: {numbers}")
        if status["state"] == "succeeded" and status["units"] and status["units"]["pending"]:
            self.wrongs.append(f"{name}: succeeded with units pending: {status['units']}")

    def _result(self, job: str, content: bytes) -> None:
        if job in self.results:
            self.wrongs.append(f"{job}: result.json was written again")
        self.results[job] = content


class Watched(MemoryBlobs):
    """A storage account with a witness."""

    witness: Witness

    @port
    def put(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        etag = MemoryBlobs.put(self, container, name, content, when=when, metadata=metadata, content_type=content_type)
        self.witness.see(container, name, content, metadata or {})
        return etag
