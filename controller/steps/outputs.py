"""The outputs of the tasks that ended well: listed once, chosen, frozen; and what those tasks reported. Shell.

A row whose task ended well can still fail here: no output, an empty one where that is refused, a wrong count, a report
that does not hold. It is decided by name and never by the mere existence of a blob.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from controller import ledger
from controller.merge.run import TaskOutput, count_records
from controller.outcome import GOOD, Board, FailureRow, reported_units
from controller.split.inputs import output_name
from controller.split.rows import Row
from controller.steps.work import Work
from shared.codes import Reason
from shared.errors import Vanished
from shared.manifest.models import Manifest
from shared.names import KEEP, REPORTED, SHARD_ROWS, STATE, index_of, output_container, outputs_shard, task_id
from shared.ports import BlobItem, Ports
from shared.record import Record

TAKES_ONE = frozenset({"concat", "lines", "csv", "json"})


def judge_outputs(record: Record, board: Board, work: Work) -> None:
    """Fill the board with what outputs and reports say, and freeze the outputs of every good row."""
    reports = read_reports(record, board, work)
    if record.plan.manifest.merge.by == "none":
        for row in ledger.rows(record, work.ports.control) if reports else ():
            judge_report(board, row, reports.get(row.index))
        return
    manifest = record.plan.manifest
    listing = Outputs(listed(record, work.ports))
    frozen: list[list[TaskOutput]] = []
    for row in ledger.rows(record, work.ports.control, sources=True):
        files = listing.of(row.index)
        if board.states[row.index] == GOOD:
            judge_report(board, row, reports.get(row.index))
        chosen = judge_row(manifest, board, row, files, record, work) if board.states[row.index] == GOOD else []
        frozen.append(chosen)
        if len(frozen) == SHARD_ROWS or row.index == record.split.rows - 1:
            write_shard(record, row.index // SHARD_ROWS, frozen, work)
            frozen = []


def judge_row(
    manifest: Manifest, board: Board, row: Row, files: list[TaskOutput], record: Record, work: Work
) -> list[TaskOutput]:
    """The outputs that count for a row; none, and the row failed, where something is wrong with them."""
    chosen = choose(manifest, row, files)
    if not chosen:
        board.row_failed(row.index, Reason.MISSING_OUTPUT, missing_message(manifest, row, files))
        return []
    if all(file.length == 0 for file in chosen):
        if manifest.output.empty == "fail":
            board.row_failed(row.index, Reason.EMPTY_OUTPUT, "its output is empty (output.empty: fail)")
            return []
        board.empty_outputs += 1
    expected = expected_records(manifest, board, row)
    if expected is not None:
        found = records_in(manifest, chosen[0], record, work)
        if found != expected:
            board.row_failed(row.index, Reason.OUTPUT_COUNT, f"{found} records for {expected} units")
            return []
    return chosen


def choose(manifest: Manifest, row: Row, files: list[TaskOutput]) -> list[TaskOutput]:
    """One file for the joining mergers: the one at OUTPUT_PATH, else the only one; all files otherwise."""
    if manifest.merge.by not in TAKES_ONE:
        return files
    wanted = [file for file in files if file.name == output_name(manifest, row)]
    return wanted or (files if len(files) == 1 else [])


def missing_message(manifest: Manifest, row: Row, files: list[TaskOutput]) -> str:
    if not files:
        return "it ended well and left no file in OUTPUT_DIR"
    return f"it left {len(files)} files in OUTPUT_DIR and none is OUTPUT_PATH ({output_name(manifest, row)})"


def expected_records(manifest: Manifest, board: Board, row: Row) -> int | None:
    """How many records the output must hold, where the manifest says so."""
    if manifest.output.records_per_unit is None:
        return None
    return (row.units - len(board.reported.get(row.index, ()))) * manifest.output.records_per_unit


def records_in(manifest: Manifest, file: TaskOutput, record: Record, work: Work) -> int:
    name = f"{task_id(file.index)}/{file.name}"
    work.save(record)
    return count_records(manifest, work.ports.work.stream(output_container(record.job), name, etag=file.etag))


@dataclass
class Outputs:
    """A listing in ledger order, read group by group."""

    items: Iterator[TaskOutput]

    def __post_init__(self) -> None:
        self._groups = groupby(self.items, key=lambda item: item.index)
        self._next = self._advance()

    def of(self, index: int) -> list[TaskOutput]:
        """The files of one task; indexes must be asked for in rising order."""
        while self._next is not None and self._next[0] < index:
            self._next = self._advance()
        if self._next is None or self._next[0] != index:
            return []
        files = self._next[1]
        self._next = self._advance()
        return files

    def _advance(self) -> tuple[int, list[TaskOutput]] | None:
        group = next(self._groups, None)
        return (group[0], list(group[1])) if group else None


def listed(record: Record, ports: Ports) -> Iterator[TaskOutput]:
    """Every file that a task left, in ledger order."""
    for item in ports.work.list(output_container(record.job), "t-"):
        output = as_output(item)
        if output is not None:
            yield output


def as_output(item: BlobItem) -> TaskOutput | None:
    task, _, name = item.name.partition("/")
    if not name or name.rsplit("/", 1)[-1] == KEEP:
        return None
    return TaskOutput(index_of(task), name, item.length, item.etag, item.md5)


def write_shard(record: Record, shard: int, frozen: list[list[TaskOutput]], work: Work) -> None:
    lines = [json.dumps([[f.index, f.name, f.length, f.etag, f.md5] for f in files]).encode() for files in frozen]
    work.ports.control.put(STATE, outputs_shard(record.job, shard), b"\n".join(lines) + b"\n")
    work.save(record)


def frozen_outputs(record: Record, ports: Ports) -> Iterator[TaskOutput]:
    """The outputs as they were frozen, in ledger order."""
    for shard in range(-(-record.split.rows // SHARD_ROWS)):
        name = outputs_shard(record.job, shard)
        blob = ports.control.read(STATE, name)
        if blob is None:
            raise Vanished(f"{STATE}/{name}", f"the list of the outputs that count is gone ({STATE}/{name})")
        for line in blob.content.splitlines():
            for fields in json.loads(line):
                yield TaskOutput(*fields)


def read_reports(record: Record, board: Board, work: Work) -> dict[int, bytes]:
    """The reports (BATCHDROP_FAILED_PATH) of good rows."""
    container = output_container(record.job)
    reports = {}
    for item in work.ports.work.list(container, f"{REPORTED}/"):
        index = index_of(item.name.removeprefix(f"{REPORTED}/").removesuffix(".jsonl"))
        if item.length and index < len(board.states) and board.states[index] == GOOD:
            reports[index] = b"".join(work.ports.work.stream(container, item.name, etag=item.etag))
            work.save(record)
    return reports


def judge_report(board: Board, row: Row, report: bytes | None) -> None:
    if report is None or board.states[row.index] != GOOD:
        return
    found = reported_units(report, row.units)
    if isinstance(found, str):
        board.row_failed(row.index, Reason.REPORTED, found)
        return
    if found:
        board.reported[row.index] = [
            FailureRow(row.index, row.first + unit, 1, Reason.REPORTED, 0, None, error)
            for unit, error in sorted(found.items())
        ]
