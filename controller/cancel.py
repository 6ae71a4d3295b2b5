"""Cancels in the drop box become intents: create-once blobs that passes see. Shell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from controller import store
from controller.dropbox import cancelled_path
from controller.store import Marker
from shared.names import JOBS, STATUS, JobId, status_blob
from shared.ports import BlobItem, Ports


def cancel_dropped(path: str, ports: Ports) -> list[JobId]:
    """Every open job of the manifest path that `<path>.cancel` names and that is not newer than it."""
    item = ports.control.head(JOBS, path)
    if item is None:
        return []
    status = ports.control.head(STATUS, status_blob(cancelled_path(path)))
    return intend(item, list(store.markers(ports.control)), status.metadata if status else {}, ports)


def intend(item: BlobItem, markers: list[Marker], status: Mapping[str, str], ports: Ports) -> list[JobId]:
    """Write the intent of each job that this `.cancel` means. `status`: the metadata of its path's status, which may
    name a job that was dropped elsewhere first and here again (the same idempotencyKey)."""
    target = cancelled_path(item.name)
    meant = [m.job for m in markers if m.path == target and m.modified <= item.modified]
    joined = job_shown(status, item)
    if joined is not None and joined not in meant and any(m.job == joined for m in markers):
        meant.append(joined)
    for job in meant:
        store.intend_cancel(ports.control, job)
    return meant


def job_shown(status: Mapping[str, str], item: BlobItem) -> JobId | None:
    """The open job that a status shows for a version of its path that is not newer than the `.cancel`."""
    modified = status.get("manifest_modified")
    if "job" not in status or modified is None or status.get("final") == "true":
        return None
    return JobId(status["job"]) if datetime.fromisoformat(modified) <= item.modified else None
