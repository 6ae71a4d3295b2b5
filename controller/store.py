"""The record on disk: load, claim, save, markers, intents, the line. Shell over the control account.

A record is written only under the ETag it was read with; the claim only where nothing is. Markers say that a job is
open; they hold what it takes to accept it again and nothing that is true.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from pydantic import ValidationError

from shared.errors import Conflict, Defect, Unreadable
from shared.manifest.models import Manifest
from shared.names import (
    STATE,
    JobId,
    cancel_intent,
    done_blob,
    full_manifest,
    manifest_copy,
    marker_blob,
    pin_blob,
    pins,
    record_blob,
    said_manifest,
)
from shared.ports import ABSENT, BlobItem, BlobPort, Condition
from shared.record import VERSION, Record

JSON = "application/json"
STAY_UNTIL = "results_until"


@dataclass(frozen=True)
class Loaded:
    """A record and the ETag it must still have when it is saved."""

    record: Record
    etag: str


@dataclass(frozen=True)
class Marker:
    """An open job as the listing shows it."""

    name: str
    job: JobId
    path: str
    etag: str
    modified: datetime


def load(control: BlobPort, job: JobId) -> Loaded | None:
    blob = control.read(STATE, record_blob(job))
    return Loaded(parse(blob.content), blob.item.etag) if blob else None


def parse(content: bytes) -> Record:
    """A record of this version or an older one; Unreadable names the version of a newer one, which is left alone."""
    raw: dict[str, Any] = json.loads(content)
    version = raw.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise Unreadable(f"record of {raw.get('job')} has version {version}; this deployment reads up to {VERSION}")
    try:
        return Record.model_validate(raw)
    except ValidationError as error:
        raise Unreadable(f"record of {raw.get('job')} cannot be read: {error}") from error


def serialise(record: Record) -> bytes:
    return record.model_dump_json().encode()


def claim(control: BlobPort, record: Record) -> Loaded:
    """Write the first version; Conflict when someone else claimed the job."""
    etag = control.put(STATE, record_blob(record.job), serialise(record), when=ABSENT, content_type=JSON)
    return Loaded(record, etag)


def save(control: BlobPort, before: Loaded, record: Record) -> Loaded:
    """Write the next version; Conflict when the record moved on meanwhile."""
    record = record.model_copy(update={"revision": before.record.revision + 1})
    when = Condition(etag=before.etag)
    etag = control.put(STATE, record_blob(record.job), serialise(record), when=when, content_type=JSON)
    return Loaded(record, etag)


def open_marker(control: BlobPort, job: JobId, path: str, etag: str, modified: datetime) -> None:
    meta = {"path": quote(path), "etag": quote(etag), "modified": modified.isoformat()}
    control.put(STATE, marker_blob(modified, job), json.dumps(meta).encode(), metadata=meta, content_type=JSON)


def close_marker(control: BlobPort, record: Record) -> None:
    control.delete(STATE, marker_blob(record.manifest.modified, record.job))


def markers(control: BlobPort) -> Iterator[Marker]:
    """Open jobs, oldest manifest first."""
    for item in control.list(STATE, "open/", metadata=True):
        yield marker_of(item)


def open_jobs(control: BlobPort) -> Iterator[JobId]:
    """As `markers`, the ids alone."""
    return map(job_of, control.names(STATE, "open/"))


def job_of(marker: str) -> JobId:
    return JobId(marker.partition("-")[2])


def marker_of(item: BlobItem) -> Marker:
    job = job_of(item.name)
    meta = item.metadata
    modified = datetime.fromisoformat(meta["modified"])
    return Marker(item.name, job, unquote(meta["path"]), unquote(meta["etag"]), modified)


def write_done(control: BlobPort, record: Record, when: datetime) -> None:
    """It carries until when the results stay, so that a listing tells the reaper which records it need not read."""
    stays = record.results_stay
    meta = {STAY_UNTIL: stays.isoformat()} if stays else {}
    control.put(STATE, done_blob(when, record.job), b"", metadata=meta)


def done_jobs(control: BlobPort, now: datetime) -> Iterator[tuple[str, JobId]]:
    """Done markers and their jobs, save those whose results stay for longer."""
    for item in control.list(STATE, "done/", metadata=True):
        stays = item.metadata.get(STAY_UNTIL)
        if stays is None or now >= datetime.fromisoformat(stays):
            yield item.name, JobId(item.name.rsplit("/", 1)[-1])


def intend_cancel(control: BlobPort, job: JobId) -> None:
    """Create-once: the second time changes nothing."""
    try:
        control.put(STATE, cancel_intent(job), b"", when=ABSENT)
    except Conflict:
        return


def cancel_intended(control: BlobPort, job: JobId) -> bool:
    return control.head(STATE, cancel_intent(job)) is not None


def keep_manifest(control: BlobPort, job: JobId, content: bytes) -> None:
    control.put(STATE, manifest_copy(job), content)


def manifest_bytes(control: BlobPort, job: JobId) -> bytes:
    """The manifest as it was accepted; Defect when the copy is gone."""
    blob = control.read(STATE, manifest_copy(job))
    if blob is None:
        raise Defect(f"{job}: the copy of its manifest is gone")
    return blob.content


def keep_parsed(control: BlobPort, job: JobId, manifest: Manifest) -> None:
    control.put(STATE, full_manifest(job), manifest.model_dump_json().encode(), content_type=JSON)


def keep_said(control: BlobPort, job: JobId, document: dict[str, Any]) -> None:
    content = json.dumps(document, ensure_ascii=False).encode()
    control.put(STATE, said_manifest(job), content, content_type=JSON)


def said(control: BlobPort, job: JobId) -> dict[str, Any] | None:
    """The manifest of an accepted job, field by field as it was said; None where that is gone."""
    blob = control.read(STATE, said_manifest(job))
    return dict(json.loads(blob.content)) if blob else None


def parsed_manifest(control: BlobPort, record: Record) -> Manifest:
    """The manifest of an accepted job with its item lists and inline config."""
    lean = record.plan.manifest
    if lean.input.kind not in ("items", "sweep") and not isinstance(lean.config, dict):
        return lean
    blob = control.read(STATE, full_manifest(record.job))
    if blob is None:
        raise Defect(f"{record.job}: its parsed manifest is gone")
    return Manifest.model_validate_json(blob.content)


def pin(control: BlobPort, job: JobId, child: JobId) -> None:
    """From here on the containers of `job` stay, until `unpin`."""
    control.put(STATE, pin_blob(job, child), b"")


def unpin(control: BlobPort, job: JobId, child: JobId) -> None:
    control.delete(STATE, pin_blob(job, child))


def holders(control: BlobPort, job: JobId) -> tuple[JobId, ...]:
    """The retries that need the containers of `job`."""
    return tuple(JobId(name.rpartition("/")[2]) for name in control.names(STATE, pins(job)))
