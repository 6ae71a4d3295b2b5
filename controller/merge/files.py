"""merge.by: files: every output on its own, copied server-side below the target's prefix. Shell.

How far it has come is kept in the job's output container, so that a later pass goes on there. A file is copied to a
free name only, or over a stranger's where the manifest says so, and known again by its metadata.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice

from controller.merge.work import Merging, TaskOutput, changed
from shared.errors import Conflict, Refused, Vanished
from shared.names import JOB_KEY, KEEP, RESULTS, WORKSPACE, output_container, task_id
from shared.ports import ABSENT, Condition

TASK_KEY = "batchdrop_task"
CURSOR = f"{WORKSPACE}/files"
FILES_PER_SAVE = 200
TRIES = 5


@dataclass(frozen=True)
class Copied:
    """How far the copying has come: outputs passed, files and bytes copied, names that could not be had."""

    passed: int = 0
    files: int = 0
    bytes: int = 0
    taken: int = 0
    first_taken: str | None = None


def copy_files(work: Merging) -> Copied:
    """Copy all outputs. Refused with MERGE where two tasks leave one name, naming both, or an output has changed."""
    copied = _read(work)
    rest = islice(work.outputs(), copied.passed, None)
    while batch := list(islice(rest, FILES_PER_SAVE)):
        copied = _copy_batch(work, copied, batch)
        work.ports.work.put(output_container(work.job), CURSOR, json.dumps(asdict(copied)).encode())
        work.pulse.beat()
    return copied


def prefix_of(work: Merging) -> str:
    """`container/prefix/` of the copies: merge.to, else the folder `files/` of the job's results."""
    return work.target.to or own_prefix(work)


def own_prefix(work: Merging) -> str:
    return f"{RESULTS}/{work.job}/files/"


def _read(work: Merging) -> Copied:
    blob = work.ports.work.read(output_container(work.job), CURSOR)
    return Copied(**json.loads(blob.content)) if blob else Copied()


def _copy_batch(work: Merging, copied: Copied, batch: list[TaskOutput]) -> Copied:
    files = [output for output in batch if posixpath.basename(output.name) != KEEP]
    answers = [work.crew.start(_copy, work, output) for output in files]
    taken = list(_taken(answer.result() for answer in answers))
    return replace(
        copied,
        passed=copied.passed + len(batch),
        files=copied.files + len(files),
        bytes=copied.bytes + sum(output.length for output in files),
        taken=copied.taken + len(taken),
        first_taken=copied.first_taken or next(iter(taken), None),
    )


def _taken(answers: Iterator[str | None]) -> Iterator[str]:
    return (path for path in answers if path is not None)


def _copy(work: Merging, output: TaskOutput) -> str | None:
    """The path that could not be had, where the copy had to go to the job's own folder instead."""
    prefix = prefix_of(work)
    if _placed(work, output, prefix):
        return None
    if prefix == own_prefix(work) or not _placed(work, output, own_prefix(work)):
        raise Refused("MERGE", 0, f"{own_prefix(work)}{output.name} cannot be written, or was not made by {work.job}")
    return prefix + output.name


def _placed(work: Merging, output: TaskOutput, prefix: str) -> bool:
    """False where a stranger's blob is there and may not be replaced, or nothing can be written there."""
    container, _, folder = prefix.partition("/")
    place, when = (container, folder + output.name), ABSENT
    for _ in range(TRIES):
        if (done := _copied(work, output, place, when)) is not None:
            return done
        there = work.ports.work.head(*place)
        if there is None:
            when = ABSENT
        elif there.metadata.get(JOB_KEY) == work.job:
            _check_same(work, output, there.metadata.get(TASK_KEY, ""))
            return True
        elif work.target.if_exists == "fail":
            return False
        else:
            when = Condition(etag=there.etag)
    raise Conflict(f"{work.job}: {'/'.join(place)} is changed by others again and again")


def _copied(work: Merging, output: TaskOutput, place: tuple[str, str], when: Condition) -> bool | None:
    """None: look at what is there. Refused, naming the task, where the output has changed."""
    source = work.wanted(output)
    metadata = {JOB_KEY: work.job, TASK_KEY: task_id(output.index)}
    try:
        work.ports.work.copy((source.container, source.name), source.etag, place, when=when, metadata=metadata)
    except Conflict:
        return None
    except Refused:
        return False
    except Vanished as error:
        there = work.ports.work.head(source.container, source.name)
        if there is None or there.etag != source.etag:
            raise changed(source.task) from error
        return False
    return True


def _check_same(work: Merging, output: TaskOutput, task: str) -> None:
    if task != task_id(output.index):
        message = f"{task} and {task_id(output.index)} both left {output.name}: merge.by files needs names of their own"
        raise Refused("MERGE", 0, f"{message}. Use {{index}} or {{path}} in output.name.")
