"""Delete what no open job owns any more: pools, jobs, containers that carry our metadata. Shell, hourly.

By record for our own: torn down, or no record and older than half an hour. Another owner's is touched only where the
operator says so, and a day after its expiry. Never anything without our metadata. Results past their retention go too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from controller import store
from controller.deployment import Deployment
from controller.rules.side import BOTH, side
from controller.threads import each
from shared.errors import BatchdropError, Unreadable
from shared.logs import note
from shared.names import EXPIRES_KEY, JOB_KEY, OWNER_KEY, PINS, RESULTS, STATE, JobId, side_id
from shared.ports import BlobPort, Ports
from shared.record import Record

log = logging.getLogger("batchdrop.reaper")
ORPHAN_AFTER = timedelta(minutes=30)
FOREIGN_AFTER = timedelta(hours=24)
PREFIX = "bd-"
DELETIONS = 8
"""At once: with `logs: all` there are two blobs a task."""


@dataclass(frozen=True)
class Found:
    """A thing with our metadata, and how to delete it."""

    kind: str
    id: str
    since: datetime
    metadata: dict[str, str]
    delete: Callable[[], None]


def reap(ports: Ports, deployment: Deployment) -> list[str]:
    """Delete; what was asked to go, as `kind id`."""
    now = ports.clock.now()
    gone = []
    for found in everything(ports):
        if not is_orphan(found, ports, deployment, now):
            continue
        note(log, "reaping", logging.WARNING, kind=found.kind, id=found.id)
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


def everything(ports: Ports) -> Iterator[Found]:
    """Jobs before pools: a pool that goes first would requeue its tasks."""
    for job in ports.batch.owned_jobs():
        yield Found("job", job.id, job.created, dict(job.metadata), partial(ports.batch.delete_job, job.id))
    for pool in ports.batch.owned_pools():
        yield Found("pool", pool.id, pool.created, dict(pool.metadata), partial(ports.batch.delete_pool, pool.id))
    for item in ports.work.list_containers(PREFIX):
        delete = partial(ports.work.delete_container, item.name)
        yield Found("container", item.name, item.modified, dict(item.metadata), delete)


def is_orphan(found: Found, ports: Ports, deployment: Deployment, now: datetime) -> bool:
    owner, job = found.metadata.get(OWNER_KEY), found.metadata.get(JOB_KEY)
    if owner is None or job is None:
        return False
    if owner != deployment.owner:
        return deployment.reap_foreign and expired(found, now)
    try:
        loaded = store.load(ports.control, JobId(job))
    except Unreadable as error:
        note(log, "left alone", logging.ERROR, kind=found.kind, id=found.id, why=error)
        return False
    if loaded is None:
        return now - found.since >= ORPHAN_AFTER
    return torn_down(loaded.record, found)


def readable(job: JobId, ports: Ports) -> store.Loaded | None:
    """The record, where there is one that this deployment understands."""
    try:
        return store.load(ports.control, job)
    except Unreadable:
        return None


def expired(found: Found, now: datetime) -> bool:
    """A day past its own expiry? Without one it is never touched."""
    text = found.metadata.get(EXPIRES_KEY)
    if not text:
        return False
    return now - datetime.fromisoformat(text) >= FOREIGN_AFTER


def torn_down(record: Record, found: Found) -> bool:
    """Does the record say that this is gone?"""
    for which in BOTH:
        if found.kind != "container" and found.id == side_id(record.job, which):
            return side(record, which).gone is not None
    proved = {"job": record.job_gone, "pool": record.pool_gone, "container": record.containers_gone}
    return proved[found.kind] is not None


def drop_old_results(ports: Ports, now: datetime) -> None:
    """results/<job id>/ and the ledger of jobs past retention.results; a published result is the user's."""
    for item in ports.control.list(STATE, "done/"):
        job = JobId(item.name.rsplit("/", 1)[-1])
        loaded = readable(job, ports)
        if loaded is None or loaded.record.final is None:
            continue
        if now >= loaded.record.final + loaded.record.plan.manifest.retention.results:
            delete_below(ports.work, RESULTS, f"{job}/")
            delete_below(ports.control, STATE, f"ledger/{job}/")
            ports.control.delete(STATE, item.name)


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
