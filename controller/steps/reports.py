"""Failed units that tasks name themselves (BATCHDROP_FAILED_PATH), those of a retried job included. Shell."""

from __future__ import annotations

from controller.outcome import GOOD, Board, FailureRow, from_lines, reported_units
from controller.split.rows import Row
from controller.steps.work import Work
from shared.codes import Reason
from shared.names import REPORTED, STATE, earlier_failures, output_container, reported_by
from shared.ports import BlobItem
from shared.record import Record

LONGEST_REPORT = 16 * 1024 * 1024


def find_reports(record: Record, board: Board, work: Work) -> dict[int, BlobItem]:
    """Where good rows have their reports (BATCHDROP_FAILED_PATH); a row whose report is too long to be read failed."""
    container = output_container(record.job)
    reports = {}
    for item in work.ports.work.list(container, f"{REPORTED}/"):
        index = reported_by(item.name)
        if not item.length or index is None or index >= len(board.states) or board.states[index] != GOOD:
            continue
        if item.length > LONGEST_REPORT:
            board.row_failed(index, Reason.REPORTED, f"its report has {item.length} bytes; {LONGEST_REPORT} are read")
            continue
        reports[index] = item
    return reports


def read_report(item: BlobItem | None, record: Record, work: Work) -> bytes | None:
    """One at a time, when its row is judged: together they could be more than a worker has memory."""
    if item is None:
        return None
    work.save(record)
    return b"".join(work.ports.work.stream(output_container(record.job), item.name, etag=item.etag))


def earlier_reports(record: Record, work: Work) -> dict[int, list[FailureRow]]:
    """Of a retry: the failed units in rows that an earlier job ended well."""
    blob = work.ports.control.read(STATE, earlier_failures(record.job)) if record.retry else None
    found: dict[int, list[FailureRow]] = {}
    for row in from_lines(blob.content) if blob else ():
        found.setdefault(row.index, []).append(row)
    return found


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
