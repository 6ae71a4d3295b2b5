"""The listing that makes lost events harmless: `jobs/` and `status/` side by side. Shell.

A manifest whose status is
missing or carries another ETag is accepted here; a `.cancel` writes its intents again, which changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from controller import store
from controller.accept import accept, accept_marked
from controller.cancel import intend
from controller.deployment import Deployment
from controller.dropbox import Kind, cancelled_path, classify
from controller.known import listed
from controller.store import Marker
from shared.errors import OutOfTime, Transient, Unreadable
from shared.logs import note
from shared.names import JOBS, STATUS, JobId, record_blob, status_blob
from shared.ports import BlobItem, Ports

log = logging.getLogger("batchdrop.sweep")


def sweep(ports: Ports, deployment: Deployment) -> list[JobId]:
    """Accept what nobody announced; the jobs that were. Cancels come first: a crowd of manifests may take all the time.
    OutOfTime once that is up: the next sweep goes on."""
    markers = list(store.markers(ports.control))
    claimed = listed(ports.control, len(markers))
    without = [marker for marker in markers if record_blob(marker.job) not in claimed]
    accepted = [job for marker in without if (job := unclaimed(marker, ports, deployment))]
    statuses = {item.name: item.metadata for item in ports.control.list(STATUS, metadata=True)}
    found = list(unanswered(statuses, ports))
    for item in found:
        if classify(item.name) is Kind.CANCEL:
            intend(item, markers, statuses.get(status_blob(cancelled_path(item.name)), {}), ports)
    dropped = [item.name for item in found if classify(item.name) is not Kind.CANCEL]
    return accepted + [job for path in dropped if (job := readmit(path, ports, deployment))]


def unclaimed(marker: Marker, ports: Ports, deployment: Deployment) -> JobId | None:
    """A marker without a record is an accept that died half way: it is done again from the bytes it kept."""
    try:
        if store.load(ports.control, marker.job) is not None:
            return None
        return accept_marked(marker, ports, deployment)
    except OutOfTime:
        raise
    except (Transient, Unreadable) as trouble:
        note(log, "not accepted yet", logging.WARNING, job=marker.job, why=trouble)
        return None


def readmit(path: str, ports: Ports, deployment: Deployment) -> JobId | None:
    try:
        return accept(path, ports, deployment, listed=True)
    except OutOfTime:
        raise
    except (Transient, Unreadable) as trouble:
        note(log, "not accepted yet", logging.WARNING, manifest=path, why=trouble)
        return None


def unanswered(statuses: Mapping[str, Mapping[str, str]], ports: Ports) -> Iterator[BlobItem]:
    """Blobs of the drop box whose status (its metadata, by name) is missing or of another version, and every cancel."""
    for item in ports.control.list(JOBS):
        kind = classify(item.name)
        if kind is Kind.IGNORED:
            continue
        answered = statuses.get(status_blob(item.name), {}).get("manifest_etag")
        if kind is Kind.CANCEL or answered is None or unquote(answered) != item.etag:
            yield item
