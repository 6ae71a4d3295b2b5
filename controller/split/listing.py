"""What there is to read: the one source blob, or all blobs that match, fixed by length and ETag. Shell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from controller.split.measuring import measured
from controller.split.rows import SourceBlob
from controller.split.sizes import Sizing, sizing
from controller.split.sources import frozen
from shared.errors import Refused, Vanished
from shared.globs import fixed_prefix, matches
from shared.manifest.models import Input, Manifest
from shared.names import JobId, leads_elsewhere
from shared.ports import BlobItem, BlobPort, Ports
from shared.record import InputFact

FOLDER_MARK = "hdi_isfolder"
"""Metadata of the empty blobs that stand for folders in accounts with a hierarchical namespace."""


def freeze(job: JobId, manifest: Manifest, units: int | None, ports: Ports, now: datetime) -> InputFact:
    """The input as it is now; `units` where the manifest alone tells them (items, range, sweep).

    Vanished where the one blob is not there; Refused with INPUT_COUNT where the list is not as long as
    `input.expect.units` says. Twice gives the same list.
    """
    match manifest.input.kind:
        case "blob":
            return head(manifest, ports.work, now)
        case "blobs":
            return _freeze_list(job, manifest, ports, now)
        case _:
            sized = sizing(manifest, units, 0)
            return InputFact(at=now, blobs=0, bytes=0, per_task=sized.per_task, tasks=sized.tasks)


def head(manifest: Manifest, work: BlobPort, now: datetime) -> InputFact:
    """The one source blob, by length and ETag, and, where it is gzip data, by what it holds."""
    try:
        return _head(manifest, work, now)
    except Vanished:
        return _head(manifest, work, now)  # overwritten between two requests: the input is what is there now


def _head(manifest: Manifest, work: BlobPort, now: datetime) -> InputFact:
    path = manifest.input.blob or ""
    container, _, name = path.partition("/")
    item = work.head(container, name)
    if item is None:
        raise Vanished(path, f"the input {path} is not there any more")
    packed, sized, text = measured(manifest, work, container, item)
    return InputFact(
        at=now,
        blobs=1,
        bytes=item.length,
        first=path,
        last=path,
        etag=item.etag,
        packed=packed,
        text=text,
        per_task=sized.per_task,
        bytes_per_task=sized.bytes_per_task,
        tasks=sized.tasks,
    )


def matching(source: Input, work: BlobPort, after: str | None = None) -> Iterator[SourceBlob]:
    """The blobs that `input.blobs` stands for, save `exclude` and folder marks, in byte order, behind `after`."""
    pattern = source.blobs or ""
    container, _, prefix = fixed_prefix(pattern).partition("/")
    for item in work.list(container, prefix, metadata=True, after=after):
        path = f"{container}/{item.name}"
        if not is_folder(item) and matches(pattern, path) and not any(matches(glob, path) for glob in source.exclude):
            yield found(container, item)


def list_below(source: str, work: BlobPort) -> tuple[SourceBlob, ...]:
    """The blob `container/blob`, or all below `container/prefix/`; empty where there is none."""
    container, _, name = source.partition("/")
    if name and not name.endswith("/"):
        item = work.head(container, name)
        return (found(container, item),) if item else ()
    return tuple(
        found(container, item)
        for item in work.list(container, name, metadata=True)
        if not is_folder(item) and not item.name.endswith("/")
    )


def found(container: str, item: BlobItem) -> SourceBlob:
    """Refused for a name that would lead a node, or an address, to another place."""
    if leads_elsewhere(item.name):
        raise Refused("SPLIT", 0, f"blob {container}/{item.name} has . or .. between slashes. Exclude or rename it.")
    return SourceBlob(item.name, item.etag, item.length)


def is_folder(item: BlobItem) -> bool:
    """Does the blob only stand for a folder? Told by a listing with metadata."""
    return item.metadata.get(FOLDER_MARK) == "true"


def _freeze_list(job: JobId, manifest: Manifest, ports: Ports, now: datetime) -> InputFact:
    container = (manifest.input.blobs or "").partition("/")[0]
    blobs = total = 0
    first = last = None
    for shard in frozen(ports.control, job, lambda after: matching(manifest.input, ports.work, after)):
        if shard:
            first, last = first or f"{container}/{shard[0].name}", f"{container}/{shard[-1].name}"
        blobs, total = blobs + len(shard), total + sum(blob.length for blob in shard)
    _check_count(manifest, blobs)
    sized = sizing(manifest, blobs, 0)
    return _fact(now, sized, blobs, total, (first, last))


def _fact(now: datetime, sized: Sizing, blobs: int, total: int, ends: tuple[str | None, str | None]) -> InputFact:
    first, last = ends
    return InputFact(
        at=now, blobs=blobs, bytes=total, first=first, last=last, per_task=sized.per_task, tasks=sized.tasks
    )


def _check_count(manifest: Manifest, count: int) -> None:
    expected = manifest.input.expect_units
    if expected is not None and count != expected:
        raise Refused("INPUT_COUNT", 0, f"{count} blobs match {manifest.input.blobs}, {expected} were expected")
