"""Freeze the input, make containers, pool and job, split, add tasks. Each may be done twice."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Literal

from controller import ledger, store
from controller.autoscale import STOP, formula
from controller.batch_job import make_job, make_pool
from controller.retiring import with_retiring
from controller.side import runs_splitter
from controller.split.listing import freeze, list_below
from controller.split.mounted import is_mounted, kept_folders
from controller.split.parted import split_by_parts
from controller.split.rows import Row, SourceBlob
from controller.split.run import split
from controller.steps.inherit import copy_inputs, inherit
from controller.steps.rights import container_marks, grant
from controller.steps.work import Work
from controller.tasks import CONFIG_FILE, Setting, config_content, latest_end, make_task
from controller.threads import Threads, each
from controller.vm_image import pick_image
from shared.codes import Warn
from shared.errors import Defect, Vanished
from shared.manifest.models import Reference
from shared.names import KEEP, STATE, JobId, index_of, input_container, output_container, reference_list
from shared.record import Record, SplitCursor, Warned
from shared.specs import TaskSpec

CHUNK = 100
"""Tasks a request: the service's limit."""
PARALLEL = 4
"""Requests under way; the tasks of the next one are made meanwhile."""
SPARE = timedelta(days=1)
PUTS = 8
Sent = tuple[int, "Future[None]"]
"""A chunk on its way: the row behind its last one."""
PACKED = Warned(
    code=Warn.GZIP,
    message="The input is gzip data: it cannot be cut within storage. All of it is read and unpacked here, and every "
    "part is written from here; a pass that goes on unpacks it from its start again. Upload large inputs unpacked.",
)


@dataclass(frozen=True)
class Sending:
    """A task, and what must be written before it is added."""

    task: TaskSpec
    folders: tuple[str, ...]


def freeze_input(record: Record, work: Work) -> Record:
    """Lengths and ETags of all sources and of the reference data. A retry takes over the sources."""
    manifest = record.plan.manifest
    if record.retry is not None:
        record = inherit(record, record.retry, work)
    else:
        fact = freeze(record.job, manifest, record.plan.units, work.ports, work.now)
        warnings = (*record.warnings, PACKED) if fact.packed else record.warnings
        record = record.model_copy(update={"input": fact, "warnings": warnings})
    listed = [
        (item.name, blob.name, blob.etag, blob.length) for item in manifest.reference for blob in below(item, work)
    ]
    if manifest.reference:
        work.ports.control.put(STATE, reference_list(record.job), json.dumps(listed).encode())
    return record


def below(item: Reference, work: Work) -> Sequence[SourceBlob]:
    found = list_below(item.source, work.ports.work)
    if not found:
        raise Vanished(item.source, f"reference data {item.source} is not there any more")
    return found


def make_containers(record: Record, work: Work) -> Record:
    """Both containers, the rights in them, and what all tasks read."""
    blobs = work.ports.work
    for name in (input_container(record.job), output_container(record.job)):
        blobs.create_container(name, container_marks(record))
    grant(record, work)
    blobs.put(input_container(record.job), KEEP, b"")
    full = store.parsed_manifest(work.ports.control, record)
    if isinstance(full.config, dict):
        blobs.put(input_container(record.job), CONFIG_FILE, config_content(full), content_type="application/json")
    return record


def create_pool(record: Record, work: Work) -> Record:
    """Autoscale from birth; the formula holds the time of this call."""
    manifest = record.plan.manifest
    compute = manifest.compute
    image = pick_image(work.ports.batch.images(), compute.vm_size, compute.os_image, work.now)
    tasks = record.to_run if record.split.done or record.retry else (record.input.tasks if record.input else None)
    until = latest_end(record.accepted, manifest) + SPARE
    work.ports.batch.create_pool(make_pool(record, image, work.site, tasks or 1, work.now, until))
    warnings = with_retiring(record.warnings, manifest, image, work.now)
    return record.model_copy(update={"warnings": warnings})


def split_input(record: Record, work: Work) -> Record:
    if record.input is None:
        raise Defect(f"{record.job}: split before its input was frozen")
    if record.retry is not None:
        return copy_inputs(record, record.retry, work)
    manifest = store.parsed_manifest(work.ports.control, record)

    def checkpoint(cursor: SplitCursor) -> None:
        work.save(record.model_copy(update={"split": cursor}))

    if runs_splitter(manifest):
        expected = manifest.input.expect_units if manifest.input.kind == "blob" else None
        cursor = split_by_parts(record.job, expected, record.split, work.ports, checkpoint)
    else:
        cursor = split(record.job, manifest, record.input, record.split, work.ports, checkpoint)
    return record.model_copy(update={"split": cursor})


def create_job(record: Record, work: Work) -> Record:
    """Before its own pool: see ADR 10."""
    manifest = record.plan.manifest
    secrets = [(variable, work.ports.secrets.get(name)) for variable, name in manifest.container.secrets.items()]
    until = latest_end(record.accepted, manifest)
    work.ports.batch.create_job(make_job(record, secrets, reference_of(record, work), until))
    if record.shared_pool is not None:  # a job that was there already may have been made with another limit
        work.ports.batch.limit_tasks(record.job, record.share)
    return record


def reference_of(record: Record, work: Work) -> list[tuple[Reference, list[SourceBlob]]]:
    """The frozen reference data, by item."""
    items = record.plan.manifest.reference
    if not items:
        return []
    blob = work.ports.control.read(STATE, reference_list(record.job))
    if blob is None:
        raise Defect(f"{record.job}: the list of its reference data is gone")
    listed = json.loads(blob.content)
    return [
        (item, [SourceBlob(n, etag, size) for name, n, etag, size in listed if name == item.name]) for item in items
    ]


def add_tasks(record: Record, work: Work, *, one: bool = False) -> Record:
    """From the cursor on, 100 a request, a few at a time; the cursor passes a chunk once each task is there."""
    setting = Setting(
        record.job,
        store.parsed_manifest(work.ports.control, record),
        record.plan.unit_kind,
        record.split.rows,
        latest_end(record.accepted, record.plan.manifest),
    )
    earlier = ledger.earlier(record, work.ports.control)
    rows = ledger.rows(record, work.ports.control, record.added, sources=True)
    rows = (row for row in rows if not earlier.keeps(row.index))
    rows = islice(rows, 1 if one else None)
    chunks = chunked((Sending(make_task(setting, row), folders_of(setting, row)) for row in rows), CHUNK)
    with Threads(PARALLEL) as pool:
        sent = deque[Sent]()
        for chunk in chunks:
            adding = pool.submit(send, record.job, chunk, work)
            sent.append((index_of(chunk[-1].task.id) + 1, adding))
            if len(sent) > PARALLEL:
                record = passed(record, sent, work)
        while sent:
            record = passed(record, sent, work)
    return record if one else record.model_copy(update={"added": record.split.rows})


def passed(record: Record, sent: deque[Sent], work: Work) -> Record:
    """The oldest chunk that was sent is there, or its error is raised."""
    reached, adding = sent.popleft()
    adding.result()
    record = record.model_copy(update={"added": reached})
    work.save(record)
    return record


def folders_of(setting: Setting, row: Row) -> tuple[str, ...]:
    """Empty blobs that make folders of a mount, which must be there before the task is."""
    return kept_folders(setting.manifest, row) if is_mounted(setting.manifest) else ()


def send(job: JobId, chunk: Sequence[Sending], work: Work) -> None:
    names = [name for sending in chunk for name in sending.folders]
    if names:
        each(PUTS, lambda name: work.ports.work.put(output_container(job), name, b""), names)
    work.ports.batch.add_tasks(job, [sending.task for sending in chunk])


def chunked(tasks: Iterable[Sending], size: int) -> Iterator[list[Sending]]:
    """Lists of `size` tasks; the last one may be shorter."""
    rest = iter(tasks)
    while chunk := list(islice(rest, size)):
        yield chunk


def set_formula(record: Record, kind: Literal["stop", "dedicated", "all"], work: Work) -> Record:
    """Replace the formula; the service allows it every 30 seconds. A canary that is not through keeps its one node.

    The service looks at a formula every five minutes only: where no new task may start, the job is held as well.
    """
    manifest = record.plan.manifest
    compute, alone = manifest.compute, manifest.canary and record.canary.passed is None
    tasks = record.to_run - (record.progress.succeeded + record.progress.failed if record.progress else 0)
    most = 1 if alone else compute.max_nodes
    spot = compute.spot and kind == "all" and record.dedicated is None
    opened = kind == "all"
    text = formula(created=work.now, tasks=tasks, most=most, slots=compute.slots, spot=spot, opened=opened)
    if kind == "stop":
        work.ports.batch.hold_job(record.job)
    work.ports.batch.autoscale(record.job, STOP if kind == "stop" else text)
    return record
