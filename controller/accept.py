"""Manifest in the drop box -> a record, or an answer that says why there is none. Shell.

The content and its ETag come from one GET of our own; what a trigger carries is only a hint. Order of writes: key, day,
manifest bytes, marker, claim: a crash after any of them is healed by the next hint, which finds the same names.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from controller import keys, retry, store
from controller.answer import answer_dry_run, answer_rejected, answer_unjudged
from controller.deployment import Deployment
from controller.dropbox import Kind, classify
from controller.plan import make_plan
from controller.store import Loaded, Marker
from controller.target import target_problems
from controller.voice import speak
from shared.errors import Conflict, NoPolicy, Problem, Rejected
from shared.logs import note
from shared.manifest.models import Manifest
from shared.manifest.parse import Parsed, parse
from shared.names import JOBS, STATE, STATUS, JobId, job_id, manifest_copy, status_blob
from shared.ports import Blob, BlobItem, Ports
from shared.record import Key, ManifestRef, Plan, Record, Retry, Warned

log = logging.getLogger("batchdrop.accept")
EMPTY_AFTER = timedelta(minutes=2)
MOST_BYTES = 2**20


@dataclass(frozen=True)
class Drop:
    """One version of one manifest, and when it is looked at."""

    path: str
    blob: Blob
    now: datetime

    @property
    def reference(self) -> ManifestRef:
        digest = hashlib.sha256(self.blob.content).hexdigest()
        item = self.blob.item
        return ManifestRef(path=self.path, etag=item.etag, modified=item.modified, sha256=digest)


def accept(path: str, ports: Ports, deployment: Deployment, *, listed: bool = False) -> JobId | None:
    """The job of the manifest that is at `jobs/<path>` now; None where there is none to run.

    `listed`: found by the listing, so that an empty blob older than two minutes is refused rather than waited for.
    """
    kind = classify(path)
    if kind is Kind.IGNORED or kind is Kind.CANCEL:
        return None
    item = ports.control.head(JOBS, path)
    if item is None:
        return None
    blob = ports.control.read(JOBS, path) if item.length <= MOST_BYTES else Blob(item, b"")
    if blob is None:
        return None
    return take_or_answer(Drop(path, blob, ports.clock.now()), kind, ports, deployment, listed)


def accept_marked(marker: Marker, ports: Ports, deployment: Deployment) -> JobId | None:
    """The job of a marker whose claim was never written, from the bytes that were kept before the marker."""
    copy = ports.control.read(STATE, manifest_copy(marker.job))
    if copy is None:
        ports.control.delete(STATE, marker.name)
        return None
    item = BlobItem(marker.path, len(copy.content), marker.etag, marker.modified)
    drop = Drop(marker.path, Blob(item, copy.content), ports.clock.now())
    job = take_or_answer(drop, Kind.MANIFEST, ports, deployment, listed=True)
    if job != marker.job:
        ports.control.delete(STATE, marker.name)
    return job


def take_or_answer(drop: Drop, kind: Kind, ports: Ports, deployment: Deployment, listed: bool) -> JobId | None:
    """A job, or the answer that says why there is none. NoPolicy, once that is said, where nothing can be judged: the
    listing asks again."""
    try:
        return take(drop, kind, ports, deployment, listed)
    except NoPolicy as trouble:
        if (job := accepted_before(drop, ports)) is not None:
            return job
        answer_unjudged(ports, drop.reference, str(trouble), drop.now)
        raise
    except Rejected as rejected:
        if (job := accepted_before(drop, ports)) is not None:
            return job
        note(log, "rejected", manifest=drop.path, problems=len(rejected.problems))
        answer_rejected(ports, drop.reference, rejected.problems, drop.now)
        return None


def take(drop: Drop, kind: Kind, ports: Ports, deployment: Deployment, listed: bool) -> JobId | None:
    """Parse, check, claim."""
    check_file(drop, kind)
    if not drop.blob.content:
        refuse_empty(drop, listed)
        return None
    policy = deployment.judge()
    parsed = parse(drop.blob.content, drop.path, policy, retry.parents(ports))
    manifest = parsed.manifest
    job = job_id(manifest.name, deployment.owner, JOBS, drop.path, drop.blob.item.etag)
    if store.load(ports.control, job) is not None:
        return job
    plan = make_plan(manifest, job, drop.now, policy)
    if manifest.dry_run:
        again = retry.retry_of(manifest, ports, drop.now)
        target_problems(manifest, plan, job, policy, ports, again.of if again else ())
        answer_dry_run(ports, drop.reference, manifest, plan, drop.now)
        return None
    return claim(drop, parsed, plan, job, ports, deployment)


def accepted_before(drop: Drop, ports: Ports) -> JobId | None:
    """The job that this very version became earlier: what has changed since then does not undo it."""
    status = ports.control.head(STATUS, status_blob(drop.path))
    if status is None or status.metadata.get("manifest_etag") != quote(drop.blob.item.etag):
        return None
    job = status.metadata.get("job")
    return JobId(job) if job and store.load(ports.control, JobId(job)) is not None else None


def check_file(drop: Drop, kind: Kind) -> None:
    if kind is Kind.OTHER:
        raise Rejected((not_a_manifest(drop.path),))
    if drop.blob.item.length > MOST_BYTES:
        raise Rejected((too_large(drop.blob.item.length),))


def refuse_empty(drop: Drop, listed: bool) -> None:
    """An empty blob may be the first half of a slow upload: it is left alone for two minutes."""
    if listed and drop.now - drop.blob.item.modified >= EMPTY_AFTER:
        raise Rejected((Problem("", "empty", "the manifest is empty", "upload the manifest again, with its content"),))


def not_a_manifest(path: str) -> Problem:
    fix = "name it .yaml, .yml or .json, in lower case, or keep it elsewhere; names that begin with . or _ are ignored"
    return Problem("", "notAManifest", f"{path} is no manifest by its name", fix)


def too_large(length: int) -> Problem:
    fix = "put the items in a blob and name it in input.blob"
    return Problem("", "size", f"the manifest has {length} bytes; at most {MOST_BYTES} are read", fix)


def claim(drop: Drop, parsed: Parsed, plan: Plan, job: JobId, ports: Ports, deployment: Deployment) -> JobId | None:
    """Take the key, then the job."""
    reference, manifest = drop.reference, parsed.manifest
    key = keys.key_of(manifest.idempotency_key, reference)
    held = keys.take(key, job, reference, ports, drop.now)
    if held is not None:
        return keys.join(held, reference, ports)
    try:
        again = check_world(drop, manifest, plan, job, ports, deployment)
    except Rejected:
        keys.free(key, job, ports)
        raise
    retry.hold(again, manifest, job, ports)
    cancels = manifest.on_replace == "cancel"
    older = older_jobs(drop, job, ports, every=cancels)
    newest = next(iter(older), None)
    record = first_record(drop, plan, job, key, deployment, newest).model_copy(update={"retry": again})
    store.keep_manifest(ports.control, job, drop.blob.content)
    store.keep_parsed(ports.control, job, manifest)
    store.keep_said(ports.control, job, parsed.document)
    item = drop.blob.item
    store.open_marker(ports.control, job, drop.path, item.etag, item.modified)
    try:
        loaded = store.claim(ports.control, record)
    except Conflict:
        return job
    note(log, "accepted", manifest=drop.path, job=job)
    for each in older if cancels else ():
        store.intend_cancel(ports.control, each)
    say_first(loaded, ports, drop.now)
    return job


def check_world(
    drop: Drop, manifest: Manifest, plan: Plan, job: JobId, ports: Ports, deployment: Deployment
) -> Retry | None:
    """What is retried; Rejected where that, the result's name or the day's cap does not allow the job now."""
    again = retry.retry_of(manifest, ports, drop.now)
    target_problems(manifest, plan, job, deployment.judge(), ports, again.of if again else ())
    count_day(job, ports, deployment, drop.now)
    return again


def say_first(loaded: Loaded, ports: Ports, now: datetime) -> None:
    """Who has taken the job on meanwhile says it."""
    try:
        store.save(ports.control, loaded, speak(loaded.record, ports, now))
    except Conflict:
        note(log, "someone else saved it first", job=loaded.record.job)


def first_record(drop: Drop, plan: Plan, job: JobId, key: Key, deployment: Deployment, older: JobId | None) -> Record:
    return Record(
        job=job,
        owner=deployment.owner,
        manifest=drop.reference,
        replaces=older,
        key=key,
        plan=plan,
        accepted=drop.now,
        next_look=drop.now,
        warnings=tuple(Warned(code=code, message=message) for code, message in plan.manifest.warnings),
    )


def older_jobs(drop: Drop, job: JobId, ports: Ports, *, every: bool) -> list[JobId]:
    """The open jobs of older versions of this path, the newest first; at least that one, or `every` one.

    Its status shows it, unless a version that became no job, or is over already, has written there since.
    """
    status = ports.control.head(STATUS, status_blob(drop.path))
    if status is None:
        return []
    if not every and status.metadata.get("final") != "true" and "job" in status.metadata:
        return [JobId(status.metadata["job"])]
    until = drop.blob.item.modified
    older = [each.job for each in store.markers(ports.control) if each.path == drop.path and each.modified <= until]
    return [each for each in reversed(older) if each != job and is_open(each, ports)]


def is_open(job: JobId, ports: Ports) -> bool:
    loaded = store.load(ports.control, job)
    return loaded is not None and loaded.record.final is None


def count_day(job: JobId, ports: Ports, deployment: Deployment, now: datetime) -> None:
    """The operator's cap of jobs a day."""
    most = deployment.judge().caps.jobs_per_day
    if most is not None and not deployment.today.admits(ports.control, job, most, now):
        fix = "drop it again tomorrow (UTC), or ask the operator to raise caps.jobsPerDay"
        raise Rejected((Problem("", "policyCap", f"{most} jobs were accepted today, the policy's cap", fix),))
