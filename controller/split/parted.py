"""The parts that the user's splitter left: `parts.jsonl` names them, or the listing does. Shell.

Rows `{"path", "units"}` in order; only those count. Without that file every file is a part of one unit, in byte order.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator
from itertools import islice

from controller.split.inputs import INPUT_DIR, TaskInput
from controller.split.rows import Row, SourceBlob, to_lines
from controller.split.sizes import MOST_TASKS, too_many_tasks
from shared.errors import Refused
from shared.names import KEEP, PARTS, SHARD_ROWS, STATE, JobId, input_container, ledger_shard
from shared.ports import BlobItem, Ports
from shared.record import SplitCursor
from shared.specs import ResourceFile, Source

LIST = "parts.jsonl"
MOST_UNITS = 10**12


def split_by_parts(
    job: JobId, expected: int | None, cursor: SplitCursor, ports: Ports, checkpoint: Callable[[SplitCursor], None]
) -> SplitCursor:
    """The ledger of the parts, shard by shard; the cursor that comes back is done.

    Refused with SPLIT where `parts.jsonl` does not hold, with INPUT_COUNT where there are not `expected` units.
    """
    rows = all_rows(job, ports)
    while shard := list(islice(rows, SHARD_ROWS)):
        last = shard[-1]
        if last.index >= MOST_TASKS:
            raise too_many_tasks(f"{LIST} names more than {MOST_TASKS} parts")
        if last.index < cursor.rows:
            continue
        ports.control.put(STATE, ledger_shard(job, shard[0].index // SHARD_ROWS), to_lines(shard))
        cursor = SplitCursor(rows=last.index + 1, units=last.first + last.units, offset=0)
        checkpoint(cursor)
    if expected is not None and cursor.units != expected:
        raise Refused("INPUT_COUNT", 0, f"the splitter made {cursor.units} units, {expected} were expected")
    return cursor.model_copy(update={"done": ports.clock.now()})


def all_rows(job: JobId, ports: Ports) -> Iterator[Row]:
    """One row a part, in order."""
    listed = ports.work.head(input_container(job), f"{PARTS}/{LIST}")
    named = by_list(job, ports, listed.etag) if listed else ((item, 1) for item in parts_of(job, ports))
    first = 0
    for index, (item, units) in enumerate(named):
        yield Row(index, first, units, item.length, (SourceBlob(item.name, item.etag, item.length),))
        first += units


def parts_of(job: JobId, ports: Ports) -> Iterator[BlobItem]:
    """What the splitter left, in byte order."""
    for item in ports.work.list(input_container(job), f"{PARTS}/"):
        if item.name != f"{PARTS}/{LIST}" and not is_mark(item.name):
            yield item


def by_list(job: JobId, ports: Ports, etag: str) -> Iterator[tuple[BlobItem, int]]:
    """The parts that the list names, each once. Where it goes in byte order, none is held in memory."""
    items, passed = parts_of(job, ports), dict[str, BlobItem]()
    for number, (path, units) in enumerate(from_list(job, ports, etag), 1):
        name = f"{PARTS}/{path}"
        item = passed.pop(name, None) or found_in(items, name, passed)
        if item is None:
            message = "and the splitter left no such file, or it is named before"
            raise Refused("SPLIT", 0, f"{LIST} names {path!r} in row {number}, {message}")
        yield item, units


def found_in(items: Iterator[BlobItem], name: str, passed: dict[str, BlobItem]) -> BlobItem | None:
    """The next one of that name; those before it are kept in `passed`."""
    for item in items:
        if item.name == name:
            return item
        passed[item.name] = item
    return None


def is_mark(name: str) -> bool:
    return posixpath.basename(name) == KEEP


def from_list(job: JobId, ports: Ports, etag: str) -> Iterator[tuple[str, int]]:
    chunks = ports.work.stream(input_container(job), f"{PARTS}/{LIST}", etag=etag)
    for number, line in enumerate(lines_of(chunks), 1):
        if line.strip():
            yield row_of(line, number)


def row_of(line: bytes, number: int) -> tuple[str, int]:
    try:
        row = json.loads(line)
        path, units = row["path"], row.get("units", 1)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused("SPLIT", 0, f'{LIST}, row {number}: not {{"path": ..., "units": n}}') from error
    good = isinstance(units, int) and not isinstance(units, bool) and 1 <= units <= MOST_UNITS
    if not isinstance(path, str) or not good:
        raise Refused("SPLIT", 0, f'{LIST}, row {number}: "path" is a text and "units" a count from 1 on')
    return path.removeprefix("./"), units


def lines_of(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    yield rest


def part_input(job: JobId, row: Row) -> TaskInput:
    """What the task of a part reads: the part, with its extension."""
    (blob,) = row.blobs
    name = f"input{posixpath.splitext(blob.name)[1]}"
    source = Source(input_container(job), blob.name, job_container=True)
    environment = {"INPUT_PATH": f"{INPUT_DIR}/{name}", "INPUT_DIR": INPUT_DIR}
    return TaskInput((ResourceFile(source, f"input/{name}"),), environment)
