"""Delete what no open job owns any more: pools, jobs, containers that carry our metadata. Shell, hourly.

By record for our own: torn down, or no record and older than half an hour. Another owner's is touched only where the
operator says so, and a day after its expiry. Never anything without our metadata. Results past their retention go too.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from controller import store
from controller.deployment import Deployment
from controller.orphans import ORPHAN_AFTER, survey
from controller.threads import each
from shared.errors import BatchdropError, Unreadable
from shared.logs import note
from shared.names import PINS, RESULTS, STATE, JobId
from shared.ports import BlobPort, Ports

log = logging.getLogger("batchdrop.reaper")
DELETIONS = 8
"""At once: with `logs: all` there are two blobs a task."""


def reap(ports: Ports, deployment: Deployment) -> list[str]:
    """Delete; what was asked to go, as `kind id`."""
    now = ports.clock.now()
    gone = []
    for judged in survey(ports, deployment):
        found = judged.found
        if not judged.goes:
            continue
        note(log, "reaping", logging.WARNING, kind=found.kind, id=found.id, because=judged.why)
        try:
            found.delete()
        except BatchdropError as error:
            note(log, "could not be deleted", logging.WARNING, kind=found.kind, id=found.id, why=error)
            continue
        gone.append(f"{found.kind} {found.id}")
    drop_old_results(ports, now)
    drop_old_days(ports, now)
    drop_old_pins(ports, now)
    return gone


def readable(job: JobId, ports: Ports) -> store.Loaded | None:
    """The record, where there is one that this deployment understands."""
    try:
        return store.load(ports.control, job)
    except Unreadable:
        return None


def drop_old_results(ports: Ports, now: datetime) -> None:
    """results/<job id>/ and the ledger of jobs past retention.results; a published result is the user's."""
    for marker, job in store.done_jobs(ports.control, now):
        loaded = readable(job, ports)
        stays = loaded.record.results_stay if loaded else None
        if stays is not None and now >= stays:
            delete_below(ports.work, RESULTS, f"{job}/")
            delete_below(ports.control, STATE, f"ledger/{job}/")
            ports.control.delete(STATE, marker)


def drop_old_days(ports: Ports, now: datetime) -> None:
    """What the daily caps counted, once the day is over for everyone."""
    for folder in ("days", "hours"):
        keep = f"{folder}/{now - timedelta(days=2):%Y-%m-%d}/"
        for item in list(ports.control.list(STATE, f"{folder}/")):
            if item.name < keep:
                ports.control.delete(STATE, item.name)


def drop_old_pins(ports: Ports, now: datetime) -> None:
    """Pins of retries that were never claimed, or are over."""
    for item in list(ports.control.list(STATE, PINS)):
        if is_idle(JobId(item.name.rpartition("/")[2]), item.modified, ports, now):
            ports.control.delete(STATE, item.name)


def is_idle(child: JobId, pinned: datetime, ports: Ports, now: datetime) -> bool:
    """Does this retry hold nothing any more? One that cannot be read holds what it pinned."""
    try:
        loaded = store.load(ports.control, child)
    except Unreadable:
        return False
    return loaded.record.archived is not None if loaded else now - pinned >= ORPHAN_AFTER


def delete_below(blobs: BlobPort, container: str, prefix: str) -> None:
    names = [item.name for item in blobs.list(container, prefix)]
    each(DELETIONS, partial(blobs.delete, container), names)
