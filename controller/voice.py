"""Speak: write the status, and only of what was saved. Shell.

`status/<manifest path>.json` belongs to the newest version of that path: a write for an older one, or of an older
revision of the same job, is not made. `results/<job id>/status.json` is the job's own, and never older than it was.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from controller.report import status_document
from controller.state import complete_of, is_final, state_of
from shared.errors import Conflict
from shared.names import JOBS, RESULTS, STATUS, result_blob, status_blob
from shared.ports import ABSENT, BlobItem, BlobPort, Condition, Ports
from shared.record import Delivery, Record, Spoken

OFTEN = timedelta(seconds=30)
RARELY = timedelta(minutes=10)
JSON = "application/json"
TRIES = 5


def digest_of(record: Record) -> str:
    """Changes when anything in the status does, save the time it is written."""
    document = status_document(record, record.accepted)
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def owes(record: Record, now: datetime) -> bool:
    """Is there something to say? A new state at once, other changes every 30 s, anything every 10 minutes."""
    spoken = record.spoken
    if spoken is None or overdue(record, now):
        return True
    return now - spoken.at >= OFTEN and spoken.digest != digest_of(record)


def overdue(record: Record, now: datetime) -> bool:
    """Does someone wait to hear it? What may wait is left to the end of a pass, when there is news."""
    spoken = record.spoken
    if spoken is None or spoken.state != phase(record):
        return True
    return now - spoken.at >= RARELY and record.final is None


def phase(record: Record) -> str:
    """What people wait to hear at once: the state, why it waits, how far the clean-up is."""
    waits = ",".join(f"{waiting.code}{waiting.place or ''}" for waiting in record.waiting)
    facts = (record.input, record.cleaned, record.containers_gone, record.batch_job and record.pool)
    marks = "".join("1" if fact else "0" for fact in facts)
    return f"{state_of(record)}/{waits}/{marks}/{len(record.warnings)}/{len(record.deliveries)}"


def speak(record: Record, ports: Ports, now: datetime) -> Record:
    """Write both statuses; the record with what was said (saved with its next change)."""
    document = encode(status_document(record, now))
    write_own(record, ports.work, document)
    write_status(record, ports.control, record.manifest.path, record.manifest.etag, record.manifest.modified, document)
    for delivery in latest_by_path(record.deliveries):
        write_status(record, ports.control, delivery.path, delivery.etag, delivery.modified, document)
    return record.model_copy(update={"spoken": Spoken(digest=digest_of(record), at=now, state=phase(record))})


def write_own(record: Record, work: BlobPort, document: bytes) -> None:
    """The job's own status, unless a newer revision has been written: who was held up for long says nothing old."""
    name, revision = result_blob(record.job, "status.json"), record.revision
    for _ in range(TRIES):
        there = work.head(RESULTS, name)
        if there is not None and int(there.metadata.get("revision", "0")) > revision:
            return
        when = Condition(etag=there.etag) if there else ABSENT
        try:
            work.put(RESULTS, name, document, when=when, metadata=drop_empty(marks(record)), content_type=JSON)
        except Conflict:
            continue
        return


def latest_by_path(deliveries: tuple[Delivery, ...]) -> list[Delivery]:
    newest: dict[str, Delivery] = {}
    for delivery in deliveries:
        if delivery.path not in newest or delivery.modified >= newest[delivery.path].modified:
            newest[delivery.path] = delivery
    return list(newest.values())


def write_status(record: Record, control: BlobPort, path: str, etag: str, modified: datetime, document: bytes) -> None:
    whose = {"manifest_etag": quote(etag), "manifest_modified": modified.isoformat()}
    write_owned(control, path, whose | marks(record), document)


def marks(record: Record) -> dict[str, str]:
    """What a program reads of a status by a HEAD alone, and the revision that it shows."""
    complete = complete_of(record)
    return {
        "job": record.job,
        "state": state_of(record),
        "final": str(is_final(record)).lower(),
        "complete": "" if complete is None else str(complete).lower(),
        "revision": str(record.revision),
    }


def write_owned(control: BlobPort, path: str, metadata: dict[str, str], document: bytes) -> None:
    """Write the status of a manifest path unless a newer version, or a newer revision of the same job, has."""
    for _ in range(TRIES):
        there = control.head(STATUS, status_blob(path))
        if there is not None and not may_replace(control, path, there, metadata):
            return
        when = Condition(etag=there.etag) if there else ABSENT
        try:
            control.put(
                STATUS, status_blob(path), document, when=when, metadata=drop_empty(metadata), content_type=JSON
            )
        except Conflict:
            continue
        return


def drop_empty(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata values may not be empty."""
    return {name: value for name, value in metadata.items() if value}


def may_replace(control: BlobPort, path: str, there: BlobItem, metadata: dict[str, str]) -> bool:
    held = there.metadata
    theirs, ours = held.get("manifest_modified"), metadata["manifest_modified"]
    if theirs is None:
        return True
    if held.get("manifest_etag", "") == metadata["manifest_etag"]:
        return held.get("job") != metadata.get("job") or int(held.get("revision", "0")) <= int(metadata["revision"])
    if datetime.fromisoformat(theirs) != datetime.fromisoformat(ours):
        return datetime.fromisoformat(theirs) < datetime.fromisoformat(ours)
    now = control.head(JOBS, path)
    return now is not None and quote(now.etag) == metadata["manifest_etag"]


def encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
