"""The node hours of this UTC day: what the operator's daily cap counts. Shell.

Each record knows how much of its node time fell on its last day. Those of open jobs are read by the tick anyway; a job
that is archived leaves its number in a blob of its own, so that no job is counted twice and none is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from shared.names import STATE, TODAY, hours_blob, hours_folder
from shared.ports import BlobPort
from shared.record import Record

SECONDS = "seconds"


def day_of(now: datetime) -> str:
    return f"{now:%Y-%m-%d}"


def leave(record: Record, control: BlobPort) -> None:
    """The last word of a job that is archived."""
    used = record.usage
    if used.day is not None:
        control.put(STATE, hours_blob(used.day, record.job), b"", metadata={SECONDS: f"{used.day_seconds:.3f}"})


def sum_up(records: Sequence[Record], control: BlobPort, now: datetime) -> float:
    """The day's node hours of all jobs, kept for the passes to read."""
    day = day_of(now)
    used: dict[str, float] = {record.job: record.usage.day_seconds for record in records if record.usage.day == day}
    for item in control.list(STATE, hours_folder(day), metadata=True):
        used.setdefault(item.name.rpartition("/")[2], float(item.metadata[SECONDS]))
    hours = sum(used.values()) / 3600
    control.put(STATE, TODAY, json.dumps({"day": day, "nodeHours": hours}).encode(), content_type="application/json")
    return hours


def read(control: BlobPort, now: datetime) -> float:
    """As of the last tick; 0 on a day that no tick has counted yet."""
    blob = control.read(STATE, TODAY)
    raw = json.loads(blob.content) if blob else {}
    return float(raw["nodeHours"]) if raw.get("day") == day_of(now) else 0.0
