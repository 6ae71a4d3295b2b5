"""A retry takes over the rows of the job it retries, and what that job left of them. Each may be done twice.

All that is needed later is copied, so that a retry lives on its own records; of the retried job it needs the output
containers, until it is merged, and the input container, until its own is filled.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count, islice

from controller import ledger, store
from controller.earlier import Earlier, passed_on
from controller.outcome import ACCEPTED, NOT_RUN, Board, FailureRow, from_lines, to_lines
from controller.split.inputs import data_blob
from controller.split.rows import Row
from controller.steps.outputs import judged
from controller.steps.work import Work
from controller.threads import each
from shared.errors import Defect, Vanished
from shared.names import (
    STATE,
    JobId,
    earlier_blob,
    earlier_failures,
    failures_blob,
    input_container,
    input_shard,
    ledger_shard,
    output_container,
)
from shared.record import InputFact, Record, Retry, SplitCursor

COPIES = 8
WAVE = 64


def inherit(record: Record, retry: Retry, work: Work) -> Record:
    """The rows, the input as it was frozen, and which rows are done."""
    parent = parent_of(retry, work)
    earlier, failures = left_by(parent, record, work)
    if earlier.kept:
        require_outputs(retry, work)
    control = work.ports.control
    for name in (ledger_shard, input_shard):
        for shard in count():
            blob = control.read(STATE, name(parent.job, shard))
            if blob is None:
                break
            control.put(STATE, name(record.job, shard), blob.content)
            work.save(record)
    control.put(STATE, earlier_failures(record.job), to_lines(failures))
    control.put(STATE, earlier_blob(record.job), earlier.rows)
    return with_rows(record, retry, parent, earlier, work)


def require_outputs(retry: Retry, work: Work) -> None:
    """What went well lies in the containers of the jobs before: a retry that comes too late is no failure of tasks."""
    for container in map(output_container, retry.of):
        if not work.ports.work.container_exists(container):
            raise Vanished(container, f"container {container} is gone, with outputs that this retry was to merge")


def with_rows(record: Record, retry: Retry, parent: Record, earlier: Earlier, work: Work) -> Record:
    source = parent.input or InputFact(at=work.now, blobs=0, bytes=0)
    rows, kept = parent.split.rows, earlier.kept
    done = work.now if kept == rows else None
    return record.model_copy(
        update={
            "input": source.model_copy(update={"at": work.now, "tasks": rows}),
            "split": SplitCursor(rows=rows, units=parent.split.units, done=done),
            "retry": retry.model_copy(update={"kept": kept}),
        }
    )


def parent_of(retry: Retry, work: Work) -> Record:
    loaded = store.load(work.ports.control, retry.of[0])
    if loaded is None:
        raise Defect(f"the record of {retry.of[0]}, which is retried, is gone")
    return loaded.record


def left_by(parent: Record, record: Record, work: Work) -> tuple[Earlier, list[FailureRow]]:
    """What the retried job left of each row, and the failed units in rows that ended well.

    A job that ended early has not looked at its outputs: that is made up for here.
    """
    control = work.ports.control
    board = Board(bytearray(states_of(parent, work)))
    blob = control.read(STATE, failures_blob(parent.job))
    failures = from_lines(blob.content) if blob else []
    if parent.verdict is not None and not parent.verdict.judged:
        keeping_time = replace(work, save=lambda _: work.save(record))
        for _ in judged(parent, board, keeping_time):
            pass
        failures = [row for rows in board.reported.values() for row in rows]
    failures = [row for row in failures if board.states[row.index] in ACCEPTED]
    before = ledger.earlier(parent, control)
    return passed_on(bytes(board.states), before, {row.index for row in failures}), failures


def states_of(parent: Record, work: Work) -> bytes:
    """What the verdict says of each row; nothing has run where it was given before any task."""
    name = parent.verdict.outcome if parent.verdict else None
    if name is None:
        return bytes([NOT_RUN]) * parent.split.rows
    blob = work.ports.control.read(STATE, name)
    if blob is None:
        raise Defect(f"{parent.job}: what its verdict was decided on is gone")
    return blob.content


def copy_inputs(record: Record, retry: Retry, work: Work) -> Record:
    """What the tasks of the rows to run read, from the cursor on, into the job's own container."""
    earlier = ledger.earlier(record, work.ports.control)
    rows = ledger.rows(record, work.ports.control, retry.copied)
    to_run = (row for row in rows if not earlier.keeps(row.index))
    while wave := list(islice(to_run, WAVE)):
        each(COPIES, partial(copy_input, record, retry.of[0], work), wave)
        retry = retry.model_copy(update={"copied": wave[-1].index + 1})
        record = record.model_copy(update={"retry": retry})
        work.save(record)
    return record.model_copy(update={"split": record.split.model_copy(update={"done": work.ports.clock.now()})})


def copy_input(record: Record, parent: JobId, work: Work, row: Row) -> None:
    source = input_container(parent)
    for name in inputs_of(record, row):
        there = work.ports.work.head(source, name)
        if there is None:
            raise Vanished(f"{source}/{name}", f"{source}/{name} is gone, an input of {parent}")
        work.ports.work.copy((source, name), there.etag, (input_container(record.job), name))


def inputs_of(record: Record, row: Row) -> tuple[str, ...]:
    """The blobs of a row in the job's input container."""
    if record.plan.manifest.split.by == "container":
        return tuple(blob.name for blob in row.blobs)
    return (data_blob(record.plan.manifest, row.index),) if row.data else ()
