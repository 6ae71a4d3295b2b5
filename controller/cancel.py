"""Cancels in the drop box become intents: create-once blobs that passes see. Shell."""

from __future__ import annotations

from controller import store
from controller.dropbox import cancelled_path
from controller.store import Marker
from shared.names import JOBS, JobId
from shared.ports import BlobItem, Ports


def cancel_dropped(path: str, ports: Ports) -> list[JobId]:
    """Every open job of the manifest path that `<path>.cancel` names and that is not newer than it."""
    item = ports.control.head(JOBS, path)
    return intend(item, list(store.markers(ports.control)), ports) if item else []


def intend(item: BlobItem, markers: list[Marker], ports: Ports) -> list[JobId]:
    """Write the intent of each job that this `.cancel` means."""
    target = cancelled_path(item.name)
    meant = [m.job for m in markers if m.path == target and m.modified <= item.modified]
    for job in meant:
        store.intend_cancel(ports.control, job)
    return meant
