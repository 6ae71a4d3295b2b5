"""The line of jobs that wait for quota: who stands in it, and who may go. Shell over one small blob."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from controller.picture import Line
from controller.quota import Room
from shared.names import LINE, STATE
from shared.ports import BlobPort

CLOSED = timedelta(minutes=5)
"""How long a refusal by the service lowers what is thought to fit."""


def read(control: BlobPort) -> Line:
    blob = control.read(STATE, LINE)
    if blob is None:
        return Line()
    raw = json.loads(blob.content)
    closed = raw.get("closedUntil")
    return Line(
        tuple(raw["jobs"]),
        datetime.fromisoformat(closed) if closed else None,
        tuple(raw.get("ranks", ())),
        tuple(Room(*each) for each in raw.get("rooms", ())),
        raw.get("quota"),
        {cores: datetime.fromisoformat(until) for cores, until in raw.get("cores", {}).items()},
    )


def write(control: BlobPort, line: Line) -> None:
    raw = {
        "jobs": line.jobs,
        "closedUntil": line.closed_until.isoformat() if line.closed_until else None,
        "ranks": line.ranks,
        "rooms": [(room.quota, room.limit, room.used) for room in line.rooms],
        "quota": line.quota,
        "cores": {cores: until.isoformat() for cores, until in line.cores.items()},
    }
    control.put(STATE, LINE, json.dumps(raw).encode(), content_type="application/json")


def join(control: BlobPort, job: str, now: datetime, quota: str | None) -> Line:
    """Stand in line for `quota`, and let no one pass for a while. Order is made by the tick, by age."""
    line = read(control)
    jobs = line.jobs if job in line.jobs else (*line.jobs, job)
    line = replace(line, jobs=jobs, closed_until=now + CLOSED, rooms=(), quota=quota)
    write(control, line)
    return line


def form(
    control: BlobPort,
    jobs: tuple[str, ...],
    ranks: tuple[str, ...],
    rooms: tuple[Room, ...],
    cores: Mapping[str, datetime],
) -> Line:
    """Put the line in the order of age; the tick calls this with every open job that waits for quota."""
    before = read(control)
    closed, quota = (before.closed_until, before.quota) if jobs else (None, None)
    line = Line(jobs, closed, ranks, rooms, quota, cores)
    if line != before:
        write(control, line)
    return line


def reopen(control: BlobPort) -> None:
    """A pool is gone: the first in line may try."""
    line = read(control)
    if line.jobs or line.closed_until or line.cores:
        write(control, replace(line, closed_until=None, rooms=(), cores={}))
