"""Idempotency keys: the same bytes dropped twice while the job is held are one job. Shell over `batchdrop/keys`.

A key is held while its job is open; an explicit one for 30 days after success too. Failure, cancellation and rejection
free it. A key whose job has no record is a crash between key and claim, or an accept under way: it is waited for, then
taken. One that holds no job's name is free.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller import store
from controller.store import Loaded
from controller.voice import speak
from shared.errors import Conflict, Problem, Rejected, Transient
from shared.names import STATE, JobId, key_blob
from shared.ports import ABSENT, Condition, Ports
from shared.record import Delivery, Key, ManifestRef, Record

HELD_AFTER_SUCCESS = timedelta(days=30)
UNDER_WAY = timedelta(minutes=2)
TRIES = 10


def key_of(explicit: str | None, reference: ManifestRef) -> Key:
    """The manifest's key, else path and hash of the bytes."""
    if explicit is not None:
        return Key(blob=key_blob(f"key\n{explicit}"), explicit=True)
    return Key(blob=key_blob(f"path\n{reference.path}\n{reference.sha256}"), explicit=False)


def take(key: Key, job: JobId, reference: ManifestRef, ports: Ports, now: datetime) -> Loaded | None:
    """Claim the key for `job`; the job that holds it, where that is another one. Rejected where it has other bytes."""
    for _ in range(TRIES):
        if write(key, job, ABSENT, ports):
            return None
        taken = ports.control.read(STATE, key.blob)
        if taken is None:
            continue
        holder = JobId(taken.content.decode())
        if holder == job:
            return None
        loaded = store.load(ports.control, holder) if holder else None
        if loaded is None and holder and now - taken.item.modified < UNDER_WAY:
            raise Transient(f"the key of {reference.path} is being claimed by {holder}", UNDER_WAY)
        if loaded is not None and is_held(loaded.record, now):
            return same_bytes(loaded, reference)
        if write(key, job, Condition(etag=taken.item.etag), ports):
            return None
    raise Transient(f"the key of {reference.path} keeps changing hands")


def write(key: Key, job: JobId, when: Condition, ports: Ports) -> bool:
    """Did the key become ours?"""
    try:
        ports.control.put(STATE, key.blob, job.encode(), when=when)
    except Conflict:
        return False
    return True


def free(key: Key, job: JobId, ports: Ports) -> None:
    """Give a key back that was taken for a manifest which became no job after all: whoever comes next need not wait."""
    taken = ports.control.read(STATE, key.blob)
    if taken is not None and taken.content.decode() == job and store.load(ports.control, job) is None:
        write(key, JobId(""), Condition(etag=taken.item.etag), ports)


def is_held(record: Record, now: datetime) -> bool:
    if record.final is None:
        return True
    succeeded = record.merged is not None and record.merge_failed is None
    return record.key.explicit and succeeded and now < record.final + HELD_AFTER_SUCCESS


def same_bytes(loaded: Loaded, reference: ManifestRef) -> Loaded:
    if loaded.record.manifest.sha256 == reference.sha256:
        return loaded
    first = loaded.record
    message = f"idempotencyKey {first.plan.manifest.idempotency_key!r} is held by {first.job} ({first.manifest.path})"
    fix = "use a new idempotencyKey, or drop the same bytes to ask for the same job"
    raise Rejected((Problem("idempotencyKey", "keyTaken", message, fix),))


def join(held: Loaded, reference: ManifestRef, ports: Ports) -> JobId:
    """Note one more delivery of the same job, and answer at its path too."""
    for _ in range(TRIES):
        record = held.record
        if is_known(record, reference):
            return record.job
        delivery = Delivery(path=reference.path, etag=reference.etag, modified=reference.modified)
        changed = record.model_copy(update={"deliveries": (*record.deliveries, delivery)})
        try:
            saved = store.save(ports.control, held, changed)
            now = ports.clock.now()
            store.save(ports.control, saved, speak(saved.record, ports, now))
        except Conflict:
            again = store.load(ports.control, record.job)
            if again is None:
                break
            held = again
            continue
        return record.job
    raise Transient(f"{held.record.job} changes too fast to note a delivery")


def is_known(record: Record, reference: ManifestRef) -> bool:
    """Is this very version noted already?"""
    versions = {(record.manifest.path, record.manifest.etag)}
    versions |= {(delivery.path, delivery.etag) for delivery in record.deliveries}
    return (reference.path, reference.etag) in versions
