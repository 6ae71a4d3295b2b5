"""merge.by: files: every output on its own, copied server-side below the target's prefix; and a list of them. Shell.

A file is copied to a free name only, or over a stranger's where the manifest says so, and known again by its metadata.
`results/<job id>/index.jsonl` names all copies in ledger order; it grows by one block for each batch, and is there when
all is done.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from controller.merge.outputs import TaskOutput
from controller.merge.work import Merging, changed
from shared.errors import Conflict, Refused, Vanished
from shared.names import INDEX, JOB_KEY, KEEP, RESULTS, result_blob, task_id
from shared.ports import ABSENT, Condition
from shared.record import MergeCursor

TASK_KEY = "batchdrop_task"
BATCH = 200
"""Files between two cursors, and in a block of the index: 1,000,000 make 5,000 of its 50,000."""
TRIES = 5


@dataclass(frozen=True)
class Copy:
    """Where a file is now. `missed`: the path that could not be had."""

    output: TaskOutput
    path: str
    etag: str
    missed: str | None = None


def copy_files(work: Merging) -> MergeCursor:
    """Copy all outputs, write the index; the last cursor counts them. Refused with MERGE where two tasks leave one
    name, naming both, or an output has changed."""
    index = (RESULTS, result_blob(work.job, INDEX))
    for _ in range(2):
        cursor = _copy_all(work, index)
        if _indexed(work, index, cursor):
            return cursor
        work.pulse.cursor = MergeCursor()
    raise Conflict(f"{work.job}: {'/'.join(index)} comes and goes")


def _copy_all(work: Merging, index: tuple[str, str]) -> MergeCursor:
    cursor = work.pulse.cursor.of("/".join(index), BATCH)
    rest = islice(work.outputs(), cursor.rows, None)
    while batch := list(islice(rest, BATCH)):
        files = [output for output in batch if posixpath.basename(output.name) != KEEP]
        answers = [work.crew.start(_copy, work, output) for output in files]
        copies = [_told(work, answer.result()) for answer in answers]
        if copies:
            work.ports.work.stage(*index, cursor.blocks, _lines(copies))
        cursor = _after(cursor, len(batch), copies)
        work.pulse.cursor = cursor
        work.pulse.moved(requests=len(batch))
    return cursor


def _told(work: Merging, copy: Copy) -> Copy:
    """A long copy may end the pass: the next one finds it."""
    work.pulse.moved(copy.output.length, requests=0)
    return copy


def _after(cursor: MergeCursor, passed: int, copies: Sequence[Copy]) -> MergeCursor:
    missed = [copy.missed for copy in copies if copy.missed is not None]
    return cursor.model_copy(
        update={
            "rows": cursor.rows + passed,
            "blocks": cursor.blocks + bool(copies),
            "files": cursor.files + len(copies),
            "bytes": cursor.bytes + sum(copy.output.length for copy in copies),
            "taken": cursor.taken + len(missed),
            "first_taken": cursor.first_taken or next(iter(missed), None),
        }
    )


def _lines(copies: Sequence[Copy]) -> bytes:
    rows = (
        {"path": copy.path, "bytes": copy.output.length, "etag": copy.etag, "task": task_id(copy.output.index)}
        for copy in copies
    )
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def _indexed(work: Merging, index: tuple[str, str], cursor: MergeCursor) -> bool:
    """Commit the index. False where blocks of earlier passes are gone; what another pass committed is the same."""
    try:
        work.ports.work.commit(
            *index, cursor.blocks, when=ABSENT, metadata={JOB_KEY: work.job}, content_type="application/jsonl"
        )
    except Conflict:
        return work.ports.work.head(*index) is not None
    return True


def prefix_of(work: Merging) -> str:
    """`container/prefix/` of the copies: merge.to, else the folder `files/` of the job's results."""
    return work.target.to or own_prefix(work)


def own_prefix(work: Merging) -> str:
    return f"{RESULTS}/{work.job}/files/"


def _copy(work: Merging, output: TaskOutput) -> Copy:
    """To the job's own folder where the name could not be had."""
    prefix, own = prefix_of(work), own_prefix(work)
    etag = _placed(work, output, prefix)
    if etag is not None:
        return Copy(output, prefix + output.name, etag)
    etag = _placed(work, output, own) if prefix != own else None
    if etag is None:
        raise Refused("MERGE", 0, f"{own}{output.name} cannot be written, or was not made by {work.job}")
    return Copy(output, own + output.name, etag, missed=prefix + output.name)


def _placed(work: Merging, output: TaskOutput, prefix: str) -> str | None:
    """The copy's ETag; None where a stranger's blob is there and may not be replaced, or nothing can be written."""
    container, _, folder = prefix.partition("/")
    place, when = (container, folder + output.name), ABSENT
    for _ in range(TRIES):
        try:
            return _copied(work, output, place, when)
        except Conflict:
            there = work.ports.work.head(*place)
        if there is None:
            when = ABSENT
        elif there.metadata.get(JOB_KEY) == work.job:
            _check_same(work, output, there.metadata.get(TASK_KEY, ""))
            return there.etag
        elif not work.target.may_replace(there):
            return None
        else:
            when = Condition(etag=there.etag)
    raise Conflict(f"{work.job}: {'/'.join(place)} is changed by others again and again")


def _copied(work: Merging, output: TaskOutput, place: tuple[str, str], when: Condition) -> str | None:
    """None: it cannot be written there. Refused, naming the task, where the output has changed."""
    source = work.wanted(output)
    metadata = {JOB_KEY: work.job, TASK_KEY: task_id(output.index)}
    try:
        return work.ports.work.copy((source.container, source.name), source.etag, place, when=when, metadata=metadata)
    except Refused:
        return None
    except Vanished as error:
        there = work.ports.work.head(source.container, source.name)
        if there is None or there.etag != source.etag:
            raise changed(source.task) from error
        return None


def _check_same(work: Merging, output: TaskOutput, task: str) -> None:
    if task != task_id(output.index):
        message = f"{task} and {task_id(output.index)} both left {output.name}: merge.by files needs names of their own"
        raise Refused("MERGE", 0, f"{message}. Use {{index}} or {{path}} in output.name.")
