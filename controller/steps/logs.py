"""The tasks' stdout and stderr, from the job's output container to its folder under results. Each may be done twice.

A log that storage refuses to give or to take for good holds nothing up: it is counted, and told by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from controller.steps.work import Work
from controller.threads import each
from shared.codes import Warn
from shared.errors import Conflict, Refused, Vanished
from shared.names import LOGS, RESULTS, output_container, result_blob, task_id
from shared.ports import BlobItem
from shared.record import LogsLost, Record, Warned

LOG_BYTES = 64 * 1024
COPIES = 8
WAVE = 64
NAMED = 5
"""Logs that are named where they could not be kept."""
LOGS_FOLDER = "logs/"


def keep_tails(record: Record, indexes: Sequence[int], work: Work) -> Record:
    """Of these tasks, each log cut to its last 64 KiB."""
    lost = LogsLost()
    for index in indexes:
        for item in work.ports.work.list(output_container(record.job), f"{LOGS}/{task_id(index)}/"):
            lost = added(lost, [tried(partial(copy_tail, record, work, item), item)])
        work.save(record)
    return record.model_copy(update={"logs_lost": lost, "warnings": told(record, lost)})


def copy_tail(record: Record, work: Work, item: BlobItem) -> None:
    container, blobs = output_container(record.job), work.ports.work
    offset = max(0, item.length - LOG_BYTES)
    tail = b"".join(blobs.stream(container, item.name, etag=item.etag, offset=offset)) if item.length else b""
    blobs.put(RESULTS, log_blob(record, item.name), tail, content_type="text/plain")


def copy_logs(record: Record, work: Work) -> Record:
    """stdout and stderr of every task, from the cursor on: by the store itself, as there may be many."""
    container = output_container(record.job)
    items = work.ports.work.list(container, f"{LOGS}/", after=record.logs_copied)
    while wave := list(islice(items, WAVE)):
        losses = each(COPIES, partial(try_copying, record, work), wave)
        lost = added(record.logs_lost, losses)
        record = record.model_copy(update={"logs_copied": wave[-1].name, "logs_kept": True, "logs_lost": lost})
        work.save(record)
    warnings = told(record, record.logs_lost, gone=not work.ports.work.container_exists(container))
    return record.model_copy(update={"logs_done": work.ports.clock.now(), "warnings": warnings})


def try_copying(record: Record, work: Work, item: BlobItem) -> tuple[str, str] | None:
    return tried(partial(copy_log, record, work, item), item)


def copy_log(record: Record, work: Work, item: BlobItem) -> None:
    source, target = (output_container(record.job), item.name), (RESULTS, log_blob(record, item.name))
    if item.length:
        work.ports.work.copy(source, item.etag, target)
    else:
        work.ports.work.put(*target, b"", content_type="text/plain")


def log_blob(record: Record, name: str) -> str:
    return result_blob(record.job, LOGS_FOLDER + name.removeprefix(f"{LOGS}/"))


def tried(keep: Callable[[], None], item: BlobItem) -> tuple[str, str] | None:
    """The log and why it cannot be kept, where storage says no for good; what may pass is raised."""
    try:
        keep()
    except (Refused, Vanished, Conflict) as error:
        return item.name.removeprefix(f"{LOGS}/"), str(error)
    return None


def added(lost: LogsLost, losses: Sequence[tuple[str, str] | None]) -> LogsLost:
    new = [loss for loss in losses if loss is not None]
    if not new:
        return lost
    names = (*lost.first, *(name for name, _ in new))[:NAMED]
    return LogsLost(count=lost.count + len(new), first=names, why=lost.why or new[0][1][:300])


def told(record: Record, lost: LogsLost, *, gone: bool = False) -> tuple[Warned, ...]:
    """The record's warnings, with one that names what is missing. `gone`: the container of the logs is."""
    container, sentences = output_container(record.job), list[str]()
    if lost.count:
        names, more = ", ".join(lost.first), lost.count - len(lost.first)
        others = f" and {more} more" if more else ""
        what = "1 log" if lost.count == 1 else f"{lost.count} logs"
        sentences.append(f"{what} could not be kept: {names}{others}. Storage says: {lost.why}.")
    if gone:
        sentences.append(f"The container {container} was deleted: logs that were not copied by then are gone.")
    elif lost.count:
        sentences.append(f"What is there still lies in {container}/{LOGS}/ as long as that container is kept.")
    if not sentences:
        return record.warnings
    before = (warned for warned in record.warnings if warned.code != Warn.LOGS_MISSING)
    return (*before, Warned(code=Warn.LOGS_MISSING, message=" ".join(sentences)))
