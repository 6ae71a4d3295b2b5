"""The status file of a job, as far as the demo reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Cleanup:
    """How far the deleting is; `remaining` holds (kind, id, until)."""

    state: str
    remaining: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True)
class Status:
    """One version of `status/<manifest>.json`. Counts are by the contract's names: total, merged, pending, ..."""

    state: str
    final: bool
    complete: bool | None
    job: str | None
    tasks: Mapping[str, int]
    units: Mapping[str, int]
    unit_kind: str | None
    nodes: int
    waiting: tuple[str, ...]
    problems: tuple[str, ...]
    failure: str | None
    cleanup: Cleanup
    cleaned: str | None
    result: str | None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From the parsed file."""
        units = document["units"] or {}
        failure = document["failure"]
        return cls(
            state=document["state"],
            final=document["final"],
            complete=document["complete"],
            job=document["jobId"],
            tasks=document["tasks"] or {},
            units={name: count for name, count in units.items() if name != "kind"},
            unit_kind=units.get("kind"),
            nodes=(document["nodes"] or {}).get("running", 0),
            waiting=tuple(f"{reason['code']}: {reason['message']}" for reason in document["waiting"] or ()),
            problems=tuple(f"{problem['path']}: {problem['message']}" for problem in document["problems"] or ()),
            failure=f"{failure['code']}: {failure['message']}" if failure else None,
            cleanup=_cleanup(document["cleanup"]),
            cleaned=(document["times"] or {}).get("cleaned"),
            result=(document["links"] or {}).get("result"),
        )

    def line(self) -> str:
        """For people: where the job is."""
        parts = [f"{self.state:<9}", self._tasks(), self._units(), f"nodes {self.nodes}"]
        parts += [f"cleanup {self.cleanup.state}"] if self.final else []
        return "  ".join([*(part for part in parts if part), *self.waiting])

    def _tasks(self) -> str:
        count = self.tasks
        if not count.get("total"):
            return ""
        failed = f", {count['failed']} failed" if count["failed"] else ""
        return f"tasks {count['succeeded']}/{count['total']} done, {count['running']} running{failed}"

    def _units(self) -> str:
        if not self.units.get("total"):
            return ""
        return f"{self.units['merged']}/{self.units['total']} {self.unit_kind} merged"


def _cleanup(document: Mapping[str, Any]) -> Cleanup:
    remaining = tuple((thing["kind"], thing["id"], thing.get("until")) for thing in document["remaining"] or ())
    return Cleanup(document["state"], remaining)
