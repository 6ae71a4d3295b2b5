"""What nodes may do in a job's containers, and how long that and its marks hold without us. Pure.

Both are moved on while the job is open, so that what has been signed stays good for as long as a task may run, and
lapses by itself within days where nobody is left to take it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from controller.side import runs_splitter
from controller.split.mounted import is_mounted
from shared.names import input_container, output_container
from shared.record import Record, Side

LASTS = timedelta(days=7)
"""So long may the controller be away before a running task can no longer write its outputs."""
RENEWED_EVERY = timedelta(days=1)


def rights(record: Record) -> Iterator[tuple[str, str]]:
    """(container, permissions of its access policy), in the order the service wants them; none after the verdict, save
    for the recombiner."""
    recombining = is_at_work(record.recombiner)
    if record.verdict is not None and not recombining:
        return
    yield input_container(record.job), input_rights(record)
    yield output_container(record.job), "rcwl" if recombining else output_rights(record)


def input_rights(record: Record) -> str:
    """Tasks read; the splitter, which runs before any of them, writes its parts."""
    manifest = record.plan.manifest
    writes = "cw" if runs_splitter(manifest) and record.splitter.ended is None else ""
    return f"r{writes}l" if is_mounted(manifest) else f"r{writes}"


def output_rights(record: Record) -> str:
    """A mount is a file system: programs list, read and delete there."""
    return "rcwdl" if is_mounted(record.plan.manifest) else "cw"


def is_at_work(side: Side) -> bool:
    return side.job is not None and side.ended is None
