"""Can a job be retried, and until when? Pure."""

from __future__ import annotations

from datetime import datetime

from controller.earlier import MOST_JOBS
from controller.rules.ending import containers_due, is_complete
from shared.record import Record


def why_not(record: Record) -> str | None:
    """Why an ended or open job cannot be retried; None where it can, as long as its containers are there."""
    if record.final is None:
        return "is still open"
    if is_complete(record):
        return "left nothing to retry: all of its units are merged"
    if record.verdict is None or record.split.done is None or not record.split.rows:
        return "ended before its input was split, so that nothing of it can be kept: drop its own manifest again"
    if record.retry is not None and len(record.retry.of) >= MOST_JOBS:
        return f"is the last of {MOST_JOBS} retries in a row"
    return None if retry_until(record) else "was not to keep its containers (retention.otherwise)"


def retry_until(record: Record) -> datetime | None:
    """Until when a retry is accepted; None where there is nothing to retry, or nothing left to retry it with."""
    due = containers_due(record)
    if due is None or record.final is None or record.verdict is None or is_complete(record):
        return None
    split = record.split.done is not None and record.split.rows > 0
    there = record.containers is not None and record.containers_gone is None
    return due if split and there and due > record.final else None
