"""See: one frozen picture of the world, asking only what the record makes worth asking. Shell.

A poll of a running job costs the same few requests whatever the number of its tasks: cancel, pool, node counts, job,
task counts, two containers, reports of failed units; one more when the counts say that all tasks have ended, and up to
three where spot nodes may be taken back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import islice

from controller import hours, line, spot, store
from controller.outcome import allowed
from controller.picture import InputSeen, Picture
from controller.quota import core_room, is_core_quota
from controller.rules.case import known_units
from controller.rules.ending import containers_due
from controller.rules.running import is_running
from controller.rules.side import of_interest, side
from controller.session import Rules
from controller.shares import limit_of
from controller.split.listing import matching
from shared.manifest.models import Input, Manifest
from shared.names import REPORTED, input_container, output_container, reported_by, side_id
from shared.ports import BlobPort, Ports
from shared.record import Record, Which

MOST_REPORTS = 5000
"""Where more units may fail, reports are read at the end alone."""


def observe(record: Record, ports: Ports, now: datetime, rules: Rules) -> Picture:
    """The picture for the next decision on this job."""
    seen = Picture(paused=rules.paused)
    if record.final is None:
        seen = replace(seen, cancel=store.cancel_intended(ports.control, record.job))
    if record.verdict is None and record.input is None:
        return replace(seen, input=look_at_input(record.plan.manifest, ports.work))
    if record.verdict is None and record.admitted is None:
        seen = look_at_room(seen, ports, now, rules)
        if record.pool is None and record.batch_job is None:
            return seen
    seen = look_at_batch(record, seen, ports, rules)
    return look_at_containers(record, seen, ports, now)


def look_at_room(seen: Picture, ports: Ports, now: datetime, rules: Rules) -> Picture:
    """What a job needs to be admitted: its turn, quotas that can hold it, node hours left of the day."""
    most = rules.hours_per_day
    used = hours.read(ports.control, now) if most is not None else None
    return replace(seen, line=line.read(ports.control), quotas=ports.batch.quotas(), hours=used, most_hours=most)


def look_at_cores(record: Record, seen: Picture, ports: Ports, rules: Rules) -> Picture:
    """How much room the quota has that keeps nodes from the pool, and who waits for it besides."""
    quotas = ports.batch.quotas()
    in_use = ports.batch.in_use() if quotas is not None else None
    room = core_room(quotas, in_use, rules.cores, spot=record.on_spot)
    return replace(seen, line=line.read(ports.control), quotas=quotas, core_room=room)


def look_at_batch(record: Record, seen: Picture, ports: Ports, rules: Rules) -> Picture:
    """Pool and job where they should be there; counts while tasks are out."""
    if wants_pool(record):
        pool = ports.batch.pool(record.pool_id)
        seen = replace(seen, pool=pool, share=limit_of(record, ports.control))
        if pool is not None and record.verdict is None:
            nodes = ports.batch.node_counts(record.pool_id)
            errors = ports.batch.node_errors(record.pool_id) if nodes.unusable or nodes.start_task_failed else ()
            seen = replace(seen, nodes=nodes, node_errors=errors)
            if any(is_core_quota(error.code) for error in pool.resize_errors):
                seen = look_at_cores(record, seen, ports, rules)
            elif record.short_since is not None:
                seen = replace(seen, quotas=ports.batch.quotas())
    if wants_job(record):
        seen = replace(seen, job=ports.batch.job(record.job))
    which = of_interest(record)
    if which is not None:
        seen = look_at_side(record, which, seen, ports)
    all_out = record.added >= record.split.rows or record.tries_canary or record.drained is not None
    if is_running(record) and record.split.done is not None and seen.job is not None and all_out:
        seen = look_at_tasks(record, seen, ports)
    return seen


def look_at_side(record: Record, which: Which, seen: Picture, ports: Ports) -> Picture:
    """Pool, job and the one task of the user's splitter or recombiner."""
    name = side_id(record.job, which)
    job = ports.batch.job(name)
    ended = job is not None and side(record, which).ended is None and ports.batch.task_counts(name).completed > 0
    if ended:
        ended = next(iter(ports.batch.unfinished(name)), None) is None
    seen = replace(seen, side_pool=ports.batch.pool(name), side_job=job, side_ended=ended)
    if ended or job is None or seen.side_pool is None or side(record, which).ended is not None:
        return seen
    nodes = ports.batch.node_counts(name)
    errors = ports.batch.node_errors(name) if nodes.unusable or nodes.start_task_failed else ()
    asked = which == "splitter" and record.plan.manifest.reference and nodes.idle
    unprepared = ports.batch.preparation_errors(name) if asked else ()
    return replace(seen, side_nodes=nodes, side_node_errors=errors, side_unprepared=unprepared)


def wants_pool(record: Record) -> bool:
    if record.shared_pool is not None:
        return record.verdict is None
    if record.pool is None or record.pool_gone is not None:
        return False
    return record.verdict is None or (record.final is not None and record.job_gone is not None)


def wants_job(record: Record) -> bool:
    if record.batch_job is None or record.job_gone is not None:
        return False
    return record.verdict is None or record.final is not None


def look_at_tasks(record: Record, seen: Picture, ports: Ports) -> Picture:
    counts = ports.batch.task_counts(record.job)
    unfinished = True
    if counts.completed >= record.sent:
        unfinished = next(iter(ports.batch.unfinished(record.job)), None) is not None
    seen = replace(seen, counts=counts, unfinished=unfinished, reported=count_reports(record, ports))
    if spot.is_watched(record) and unfinished:
        noted, takings = spot.watch(record, ports, seen.nodes, counts)
        seen = replace(seen, noted=noted, takings=takings)
    mixed = record.shared_pool is None or not counts.running
    if record.plan.manifest.reference and seen.nodes.idle and counts.active and mixed:
        return replace(seen, unprepared=ports.batch.preparation_errors(record.job))
    return seen


def count_reports(record: Record, ports: Ports) -> int:
    """Tasks whose report (BATCHDROP_FAILED_PATH) says anything: one page of a listing, where that can matter."""
    most = allowed(record.plan.manifest.tolerated, known_units(record) or 0)
    if record.plan.unit_kind == "bytes" or record.retry is not None or most >= MOST_REPORTS:
        return 0
    reports = ports.work.list(output_container(record.job), f"{REPORTED}/")
    theirs = (item for item in reports if item.length and is_row(reported_by(item.name), record))
    return sum(1 for _ in islice(theirs, most + 1))


def is_row(index: int | None, record: Record) -> bool:
    return index is not None and index < record.split.rows


def look_at_containers(record: Record, seen: Picture, ports: Ports, now: datetime) -> Picture:
    """Are the job's containers there? Asked before the verdict, and again when they are due to go."""
    if record.containers is None or record.containers_gone is not None:
        return seen
    due = containers_due(record)
    if record.verdict is not None and (record.cleaned is None or due is None or now < due):
        return seen
    return replace(
        seen,
        input_container=ports.work.container_exists(input_container(record.job)),
        output_container=ports.work.container_exists(output_container(record.job)),
        held_by=store.holders(ports.control, record.job) if record.verdict is not None else (),
    )


def look_at_input(manifest: Manifest, work: BlobPort) -> InputSeen:
    """Is everything there that the job reads: marker, sources, config, reference data? Of a retry: the last two."""
    source = manifest.input if manifest.input.retry_of is None else Input(kind="items")
    for path in (source.wait_for, source.blob, manifest.config if isinstance(manifest.config, str) else None):
        if path is not None and not exists(path, work):
            return InputSeen(ready=False, waits_for=path)
    for item in manifest.reference:
        if not exists(item.source, work):
            return InputSeen(ready=False, waits_for=item.source)
    return look_at_blobs(source, work) if source.blobs else InputSeen(ready=True)


def exists(path: str, work: BlobPort) -> bool:
    """Is there a blob at `container/blob`, or anything below `container/prefix/`?"""
    container, _, blob = path.partition("/")
    if blob.endswith("/") or not blob:
        return next(iter(work.list(container, blob)), None) is not None
    return work.head(container, blob) is not None


def look_at_blobs(source: Input, work: BlobPort) -> InputSeen:
    """Count matches as far as the answer needs: up to one more than expected, or up to the first."""
    enough = source.expect_units + 1 if source.expect_units is not None else 1
    found = sum(1 for _ in islice(matching(source, work), enough))
    ready = found == source.expect_units if source.expect_units is not None else found > 0
    waited_for_marker = source.wait_for is not None and source.expect_units is None and source.allow_empty
    return InputSeen(ready=ready or waited_for_marker, found=found, waits_for=source.blobs)
