"""The outputs of the tasks that ended well: listed once, chosen, frozen; and what those tasks reported. Shell.

A row whose task ended well can still fail here: no output, an empty one where that is refused, a wrong count, a report
that does not hold. It is decided by name and never by the mere existence of a blob.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from controller import ledger
from controller.earlier import Earlier
from controller.merge.run import TaskOutput
from controller.outcome import ACCEPTED, GOOD, KEPT, Board, FailureRow
from controller.split.inputs import output_name
from controller.split.mounted import is_mounted
from controller.split.rows import Row
from controller.steps.changed import Sources
from controller.steps.counting import Counting
from controller.steps.reports import earlier_reports, find_reports, judge_report, read_report
from controller.steps.work import Work
from shared.codes import Reason
from shared.errors import Vanished
from shared.manifest.models import Manifest
from shared.names import (
    KEEP,
    SHARD_ROWS,
    STATE,
    index_of,
    is_task,
    leads_elsewhere,
    output_container,
    outputs_shard,
)
from shared.ports import BlobItem, Ports
from shared.record import Record

FOLDER_MARK = "hdi_isfolder"
"""Metadata of the empty blob that a mount leaves for a folder a program has made."""
TAKES_ONE = frozenset({"concat", "lines", "csv", "json"})


def judge_outputs(record: Record, board: Board, work: Work) -> None:
    """Fill the board with what outputs and reports say, and freeze the outputs of every accepted row."""
    collects = record.plan.manifest.merge.by != "none"
    frozen: list[list[TaskOutput]] = []
    for row, chosen in judged(record, board, work):
        if not collects:
            continue
        frozen.append(chosen)
        if len(frozen) == SHARD_ROWS or row.index == record.split.rows - 1:
            write_shard(record, row.index // SHARD_ROWS, frozen, work)
            frozen = []


def judged(record: Record, board: Board, work: Work) -> Iterator[tuple[Row, list[TaskOutput]]]:
    """Each row with the outputs that count, in order; the board is filled on the way."""
    judging = Judging(record, board, work, ledger.earlier(record, work.ports.control))
    judging.reports.update(find_reports(record, board, work))
    judging.reported.update(earlier_reports(record, work))
    judging.sources = Sources(record, work.ports.work)
    if record.plan.manifest.output.records_per_unit is not None:
        judging.counting.run(to_count(record, board, work))
    if record.plan.manifest.merge.by == "none" and not judging.reports and record.retry is None:
        return
    for row in ledger.rows(record, work.ports.control, sources=True):
        yield row, judging.judge(row)


def to_count(record: Record, board: Board, work: Work) -> Iterator[TaskOutput]:
    """The one output of each task that ended well."""
    there = Outputs(listed(record, work.ports))
    for row in ledger.rows(record, work.ports.control, sources=True):
        if board.states[row.index] == GOOD:
            yield from choose(record.plan.manifest, row, there.of(row.index))


@dataclass
class Judging:
    """What is needed to judge row by row: reports of this job's tasks, those of a retried job, listings."""

    record: Record
    board: Board
    work: Work
    earlier: Earlier
    reports: dict[int, BlobItem] = field(default_factory=dict)
    reported: dict[int, list[FailureRow]] = field(default_factory=dict)
    sources: Sources | None = None
    """Where it is to be looked whether they have changed."""
    _listings: dict[str | None, Outputs] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counting = Counting(self.record, self.work)

    def judge(self, row: Row) -> list[TaskOutput]:
        """The outputs that count for a row: its task's; where they do not hold, or hold less, those that an earlier job
        left, so that a retry never takes away what was there."""
        state = self.board.states[row.index]
        chosen: list[TaskOutput] = []
        if state == KEPT:
            chosen = self._choose(row, self._holder(row))
        elif state == GOOD:
            judge_report(self.board, row, read_report(self.reports.get(row.index), self.record, self.work))
            chosen = self._choose(row, None) if self.board.states[row.index] == GOOD else []
            if self.sources is not None and chosen:
                self.sources.check(row, chosen, self.board)
        if self.earlier.runs_again(row.index) and self._is_worse(row.index):
            self.board.fall_back(row.index, self.reported.get(row.index, []))
            chosen = self._choose(row, self._holder(row))
        return chosen

    def _is_worse(self, index: int) -> bool:
        now, before = self.board.reported.get(index, []), self.reported.get(index, [])
        return self.board.states[index] not in ACCEPTED or len(now) > len(before)

    def _holder(self, row: Row) -> str | None:
        jobs = self.record.retry.of if self.record.retry else ()
        return output_container(jobs[self.earlier.holder(row.index)])

    def _choose(self, row: Row, container: str | None) -> list[TaskOutput]:
        manifest = self.record.plan.manifest
        if manifest.merge.by == "none":
            return []
        if container not in self._listings:
            self._listings[container] = Outputs(listed(self.record, self.work.ports, container))
        files = self._listings[container].of(row.index)
        return judge_row(manifest, self.board, row, files, self.counting)


def judge_row(
    manifest: Manifest, board: Board, row: Row, files: list[TaskOutput], counting: Counting
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
    wrong = miscounted(manifest, board, row, chosen[0], counting)
    if wrong is not None:
        board.row_failed(row.index, Reason.OUTPUT_COUNT, wrong)
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


def miscounted(manifest: Manifest, board: Board, row: Row, file: TaskOutput, counting: Counting) -> str | None:
    """What is wrong with the number of records, where the manifest says what it must be."""
    if manifest.output.records_per_unit is None or board.states[row.index] != GOOD:
        return None
    expected = (row.units - len(board.reported.get(row.index, ()))) * manifest.output.records_per_unit
    found = counting.of(file)
    if isinstance(found, str):
        return f"its records cannot be counted: {found}"
    return None if found == expected else f"{found} records for {expected} units"


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


def listed(record: Record, ports: Ports, container: str | None = None) -> Iterator[TaskOutput]:
    """Every file that a task left in `container` (None: this job's), in ledger order."""
    mounted = is_mounted(record.plan.manifest)
    for item in ports.work.list(container or output_container(record.job), "t-", metadata=mounted):
        output = as_output(item, container)
        if output is not None:
            yield output


def as_output(item: BlobItem, container: str | None) -> TaskOutput | None:
    """None for what is no file of a task: a program that writes past the upload can give a blob any name."""
    task, _, name = item.name.partition("/")
    if not name or name.rsplit("/", 1)[-1] == KEEP or item.metadata.get(FOLDER_MARK) == "true":
        return None
    if not is_task(task) or leads_elsewhere(name):
        return None
    return TaskOutput(index_of(task), name, item.length, item.etag, item.md5, container, item.modified)


def write_shard(record: Record, shard: int, frozen: list[list[TaskOutput]], work: Work) -> None:
    lines = [json.dumps([fields_of(file) for file in files]).encode() for files in frozen]
    work.ports.control.put(STATE, outputs_shard(record.job, shard), b"\n".join(lines) + b"\n")
    work.save(record)


def fields_of(output: TaskOutput) -> list[str | int | None]:
    fields: list[str | int | None] = [output.index, output.name, output.length, output.etag, output.md5]
    return fields if output.container is None else [*fields, output.container]


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
