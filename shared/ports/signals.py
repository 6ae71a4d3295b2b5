"""Locks, the wake queue, events, secrets and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class Lease(Protocol):
    """A held lock."""

    def renew(self) -> bool:
        """Prolong by 30 s; False when it was lost."""
        ...

    def release(self) -> None: ...


@dataclass(frozen=True)
class DefectCount:
    """How often a job's passes raised at one step without progress in between."""

    step: str
    count: int
    first: datetime


class LockPort(Protocol):
    """One lock per job, for long steps only. Correctness never rests on it."""

    def acquire(self, job_id: str) -> Lease | None: ...

    def held(self, job_id: str) -> bool: ...

    def defects(self, job_id: str) -> DefectCount | None: ...

    def count_defect(self, job_id: str, step: str, now: datetime) -> DefectCount: ...

    def clear_defects(self, job_id: str) -> None: ...


class QueuePort(Protocol):
    """The wake queue. Messages are JSON, base64 on the wire."""

    def send(self, message: Mapping[str, str | int], delay: timedelta = timedelta(0)) -> None: ...


class EventPort(Protocol):
    """Where `Batchdrop.Job.TasksEnded` goes: the topic, or, with none configured, the wake queue."""

    def tasks_ended(self, job_id: str, wake: int, labels: Mapping[str, str]) -> None:
        """The labels are the manifest's, for whoever else listens to the topic."""
        ...


class SecretPort(Protocol):
    """Secrets by name; Refused with code SECRET_DENIED names the secret, never its value."""

    def get(self, name: str) -> str: ...


class Clock(Protocol):
    """The only source of time; UTC."""

    def now(self) -> datetime: ...
