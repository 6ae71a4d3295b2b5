"""What is there with our mark, and whether anyone still needs it: asked by the reaper, and by who wants to know what it
would do. Shell; deletes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from controller import store
from controller.deployment import Deployment
from controller.rules.side import BOTH, side
from controller.state import state_of
from shared.errors import Unreadable
from shared.logs import note
from shared.names import EXPIRES_KEY, JOB_KEY, OWNER_KEY, JobId, side_id
from shared.ports import Ports
from shared.record import Record

log = logging.getLogger("batchdrop.reaper")
ORPHAN_AFTER = timedelta(minutes=30)
FOREIGN_AFTER = timedelta(hours=24)
PREFIX = "bd-"


@dataclass(frozen=True)
class Found:
    """A pool, job or container, and how to delete it."""

    kind: str
    id: str
    since: datetime
    metadata: dict[str, str]
    delete: Callable[[], None]


@dataclass(frozen=True)
class Judged:
    """Does it go, and why, or why not?"""

    found: Found
    goes: bool
    why: str


def survey(ports: Ports, deployment: Deployment) -> Iterator[Judged]:
    """Everything that the reaper looks at, in the order in which it would delete."""
    now, theirs = ports.clock.now(), cache(ports.batch.service_time)
    return (judge(found, ports, deployment, now, theirs) for found in everything(ports))


def everything(ports: Ports) -> Iterator[Found]:
    """Jobs before pools: a pool that goes first would requeue its tasks."""
    for job in ports.batch.owned_jobs():
        yield Found("job", job.id, job.created, dict(job.metadata), partial(ports.batch.delete_job, job.id))
    for pool in ports.batch.owned_pools():
        yield Found("pool", pool.id, pool.created, dict(pool.metadata), partial(ports.batch.delete_pool, pool.id))
    for item in ports.work.list_containers(PREFIX):
        delete = partial(ports.work.delete_container, item.name)
        yield Found("container", item.name, item.modified, dict(item.metadata), delete)


def judge(found: Found, ports: Ports, deployment: Deployment, now: datetime, theirs: Callable[[], datetime]) -> Judged:
    """`theirs`: the service's clock. Dates that another deployment wrote are never held against our own."""
    owner, job = found.metadata.get(OWNER_KEY), found.metadata.get(JOB_KEY)
    if owner is None or job is None:
        return Judged(found, False, "it does not carry Batchdrop's mark")
    if owner != deployment.owner:
        return judge_foreign(found, deployment, theirs)
    try:
        loaded = store.load(ports.control, JobId(job))
    except Unreadable as error:
        note(log, "left alone", logging.ERROR, kind=found.kind, id=found.id, why=error)
        return Judged(found, False, str(error))
    if loaded is not None:
        return judge_known(found, loaded.record)
    age = now - found.since
    said = f"no record knows {job}; it is {worded(age)} old"
    return Judged(found, age >= ORPHAN_AFTER, said if age >= ORPHAN_AFTER else f"{said}, its record may come")


def judge_foreign(found: Found, deployment: Deployment, now: Callable[[], datetime]) -> Judged:
    """A day past its own expiry, where the operator allows it; without an expiry it is never touched."""
    whose = f"another deployment's ({found.metadata[OWNER_KEY]})"
    ends = expiry(found)
    if ends is None:
        return Judged(found, False, f"{whose}, without an expiry")
    if now() - ends < FOREIGN_AFTER:
        return Judged(found, False, f"{whose}, marked until {ends:%Y-%m-%dT%H:%M:%SZ} and a day longer")
    over = f"{whose}, expired at {ends:%Y-%m-%dT%H:%M:%SZ}"
    if not deployment.reap_foreign:
        return Judged(found, False, f"{over}; BATCHDROP_REAP_FOREIGN is false")
    return Judged(found, True, over)


def expiry(found: Found) -> datetime | None:
    """The mark's date; None where there is none that can be read."""
    try:
        ends = datetime.fromisoformat(found.metadata.get(EXPIRES_KEY, ""))
    except ValueError:
        return None
    return ends if ends.tzinfo else ends.replace(tzinfo=UTC)


def judge_known(found: Found, record: Record) -> Judged:
    """By what the record says of it."""
    gone = proved(record, found)
    if gone is not None:
        return Judged(found, True, f"its record proved it gone at {gone:%Y-%m-%dT%H:%M:%SZ}, and it is here again")
    return Judged(found, False, f"its job is {state_of(record)}" + (", the clean-up goes on" if record.final else ""))


def proved(record: Record, found: Found) -> datetime | None:
    """When the record proved that this was gone; None: it never did."""
    for which in BOTH:
        if found.kind != "container" and found.id == side_id(record.job, which):
            made = side(record, which)
            return made.gone if made.made else record.job_gone  # one that was to be given back may be here still
    return {"job": record.job_gone, "pool": record.pool_gone, "container": record.containers_gone}[found.kind]


def worded(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
