"""Rows from acceptance to the end of the split. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.quota import first_cores, full, never
from controller.rights import LASTS
from controller.rules.case import Case, Decision, Row, verdict_without_rows
from controller.rules.inputs import fail, freeze_input, input_missing
from controller.rules.pauses import PAUSE, pause_at
from controller.rules.shared_pool import unfit
from controller.side import runs_splitter
from shared.actions import (
    CreatePool,
    MakeContainers,
    Settle,
    SplitInput,
)
from shared.codes import Code
from shared.manifest.units import reads_whole_input
from shared.record import Failure, InputFact, Record

SPLIT_BYTES_PER_SECOND = 30 * 2**20
"""How fast a blob is read whole (and written again where the store cannot cut), taken low: decides when the pool is
asked for. So do the next two."""
PARTS_PER_SECOND = 20
"""Cuts that are found by small reads, one after the other."""
STORAGE_BYTES_PER_SECOND = 200 * 2**20
"""What storage makes parts of by itself, several at once."""
PACKED_RATIO = 4
"""How much gzip data is taken to hold where it was not counted."""


def nothing_to_do(case: Case) -> Decision | None:
    record = case.record
    if not (is_empty(record) or (record.split.done and record.split.rows == 0)):
        return None
    if record.plan.manifest.input.allow_empty:
        return case.go(verdict=verdict_without_rows(record, case.now, None, "succeeded"))
    failure = Failure(
        code=Code.INPUT_EMPTY,
        message="The input holds no unit.",
        next="Check the input, or set input.allowEmpty: true where an empty result is right.",
    )
    return fail(case, failure)


def is_empty(record: Record) -> bool:
    """Is it known by now that there is no unit?"""
    source = record.input
    if source is None:
        return False
    if record.plan.units is not None:
        return record.plan.units == 0
    return source.blobs == 0 or (record.plan.manifest.input.kind == "blob" and source.bytes == 0)


def paused(case: Case) -> Decision | None:
    if case.record.admitted is not None or not case.seen.paused:
        return None
    why = Failure(
        code=Code.PAUSED,
        message="The operator has paused this deployment (policy: paused).",
        next="It starts by itself when the pause ends.",
    )
    return case.hold(why, PAUSE, queue_end(case.record))


def never_fits(case: Case) -> Decision | None:
    if not needs_room(case.record):
        return None
    failure = never(case.record.plan, case.seen.quotas)
    return fail(case, failure) if failure is not None else None


def day_used_up(case: Case) -> Decision | None:
    hours, most = case.seen.hours, case.seen.most_hours
    if not needs_room(case.record) or hours is None or most is None or hours < most:
        return None
    tomorrow = case.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    why = Failure(
        code=Code.PAUSED,
        message=f"The node hours of this day are used up (policy: caps.nodeHoursPerDay, {most:g}); running jobs go on.",
        next=f"It starts by itself after {tomorrow:%Y-%m-%dT%H:%M:%SZ}, or when the operator raises the cap.",
        evidence={"cap": most, "used": round(hours, 3), "until": f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}"},
    )
    return case.hold(why, PAUSE, queue_end(case.record))


def needs_room(record: Record) -> bool:
    """Is it still to be admitted, to run something?"""
    return record.admitted is None and not (record.split.done and not record.to_run)


def admit(case: Case) -> Decision | None:
    record, line = case.record, case.seen.line
    if record.admitted is not None:
        return None
    no_pool = record.shared_pool is not None and record.job not in line.jobs
    if not needs_room(record) or no_pool or line.lets(record.job, case.now, first_cores(record)):
        return case.go(admitted=case.now)
    before = next((w.evidence for w in record.waiting if w.code == Code.QUOTA_FULL), {})
    why = full(line.room(first_cores(record), case.now))
    why = why.model_copy(update={"evidence": {**why.evidence, **{k: v for k, v in before.items() if k == "error"}}})
    place, ends = line.place(record.job), queue_end(record)
    return case.hold(why, pause_at(place, ends - case.now), ends, place)


def make_containers(case: Case) -> Decision | None:
    if case.record.containers is not None:
        return None
    return case.go(MakeContainers(), containers=case.now, expires=case.now + LASTS)


def nothing_to_run(case: Case) -> Decision | None:
    record = case.record
    if record.retry is None or record.split.done is None or record.to_run:
        return None
    return case.go(Settle("ended"), tasks_ended=case.now)


def create_pool(case: Case) -> Decision | None:
    record = case.record
    if record.pool is not None or record.shared_pool is not None or not wants_pool(record):
        return None
    return case.go(CreatePool(), pool=case.now)


def join_pool(case: Case) -> Decision | None:
    """The operator's pool is taken as it is, or the job fails before anything is made."""
    record, pool = case.record, case.seen.pool
    if record.pool is not None or record.shared_pool is None:
        return None
    why = unfit(record.shared_pool, pool)
    if why is None:
        return case.go(pool=case.now)
    code, message = why
    next_step = "Correct compute.pool, or tell the operator, and drop the manifest again."
    return fail(case, Failure(code=code, message=message, next=next_step, evidence={"pool": record.shared_pool}))


def wants_pool(record: Record) -> bool:
    """Is the split done, or predicted to be done within ten minutes, or half done?"""
    source = record.input
    if runs_splitter(record.plan.manifest):
        return record.split.done is not None
    if record.split.done is not None or source is None or record.plan.manifest.input.kind != "blob":
        return True
    total = split_bytes(source)
    return split_seconds(record, source, total) <= 600 or record.split.offset * 2 >= total


def split_bytes(source: InputFact) -> int:
    """What is to be cut, unpacked."""
    if source.packed is None or source.text is not None:
        return source.bytes if source.text is None else source.text
    return (source.bytes_per_task or 0) * (source.tasks or 0) or source.bytes * PACKED_RATIO


def split_seconds(record: Record, source: InputFact, total: int) -> float:
    """How long the rest of the split will take: by its requests where it is cut by small reads, else by its bytes."""
    manifest = record.plan.manifest
    left = max(0, total - record.split.offset)
    if source.packed or reads_whole_input(manifest.input, manifest.split):
        return left / SPLIT_BYTES_PER_SECOND
    tasks = source.tasks or total / (source.bytes_per_task or max(1, total))
    return tasks * left / max(1, total) / PARTS_PER_SECOND + left / STORAGE_BYTES_PER_SECOND


def split_input(case: Case) -> Decision | None:
    return case.go(SplitInput()) if case.record.split.done is None else None


def queue_end(record: Record) -> datetime:
    """When the job gives up waiting for nodes."""
    since = max(each for each in (record.accepted, record.input and record.input.at, record.splitter.ended) if each)
    return since + record.plan.manifest.limits.queue_timeout


ROWS = (
    Row(
        "input missing", "the input is not there", "wait until input.waitAtMost", "waiting, or a verdict", input_missing
    ),
    Row("freeze input", "the input is there", "list it, fix lengths and ETags", "input", freeze_input),
    Row("nothing to do", "there is no unit", "nothing", "verdict by input.allowEmpty", nothing_to_do),
    Row("never fits", "a quota is too small for one pool, job or node", "nothing", "verdict QUOTA_NEVER", never_fits),
    Row("paused", "the operator has paused the deployment", "wait", "waiting PAUSED", paused),
    Row(
        "day used up",
        "caps.nodeHoursPerDay is reached, not admitted",
        "wait for the next UTC day",
        "waiting PAUSED",
        day_used_up,
    ),
    Row("admit", "not admitted", "wait in line, or go on where no one waits", "admitted", admit),
    Row("join pool", "compute.pool names a shared pool", "look whether it is fit", "pool, or a verdict", join_pool),
    Row("make containers", "no containers", "create them", "containers", make_containers),
    Row("nothing to run", "a retry, and every row is done already", "settle", "verdict", nothing_to_run),
    Row("create pool", "no pool, split done or soon done", "create it", "pool", create_pool),
    Row("split input", "the split is not done", "split on from the cursor", "split cursor", split_input),
)
