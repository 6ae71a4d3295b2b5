"""The line of jobs that wait for quota: who stands in it, and who may go. Shell over one small blob."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller import store
from controller.picture import Line
from shared.ports import BlobPort

CLOSED = timedelta(minutes=5)
"""How long a refusal by the service lowers what is thought to fit."""


def join(control: BlobPort, job: str, now: datetime) -> None:
    """Stand in line, and let no one pass for a while. Order is made by the tick, by age."""
    line = store.line(control)
    jobs = line.jobs if job in line.jobs else (*line.jobs, job)
    store.write_line(control, Line(jobs, now + CLOSED))


def form(control: BlobPort, waiting: tuple[str, ...]) -> None:
    """Put the line in the order of age; the tick calls this with every open job that waits for quota."""
    line = store.line(control)
    if line.jobs != waiting:
        store.write_line(control, Line(waiting, line.closed_until if waiting else None))


def reopen(control: BlobPort) -> None:
    """A pool is gone: the first in line may try."""
    line = store.line(control)
    if line.jobs or line.closed_until:
        store.write_line(control, Line(line.jobs))
