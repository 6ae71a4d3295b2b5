"""Rows after the verdict: evidence, merge, the answer, and proof that nothing is left. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.rules.case import Case, Decision, Row
from controller.rules.progress import last_usage
from shared.actions import (
    Action,
    Archive,
    CopyLogs,
    DeleteContainers,
    DeleteJob,
    DeletePool,
    EndJob,
    KeepEvidence,
    MergeOutputs,
    WriteReceipt,
    WriteResult,
)
from shared.codes import Code
from shared.record import Record, Waiting

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LATE = timedelta(hours=2)
"""Pools with many nodes take up to an hour to go."""
HELD = timedelta(minutes=10)
"""How often it is looked whether the retries that need the containers have ended."""


def end_job(case: Case) -> Decision | None:
    return case.go(EndJob(), job_ended=case.now) if case.record.job_ended is None else None


def keep_evidence(case: Case) -> Decision | None:
    return case.go(KeepEvidence(), evidence=case.now) if case.record.evidence is None else None


def delete_pool(case: Case) -> Decision | None:
    record = case.record
    if record.pool is None or record.shared_pool is not None or record.pool_deletion_asked is not None:
        return None
    return case.go(DeletePool(), pool_deletion_asked=case.now, usage=last_usage(case))


def merge(case: Case) -> Decision | None:
    return case.go(MergeOutputs()) if awaits_merge(case.record) else None


def awaits_merge(record: Record) -> bool:
    """Is the verdict good and its outcome not there yet?"""
    good = record.verdict is not None and record.verdict.state == "succeeded"
    return good and record.merged is None and record.merge_failed is None


def copy_logs(case: Case) -> Decision | None:
    record = case.record
    if record.plan.manifest.logs != "all" or record.batch_job is None or record.logs_done is not None:
        return None
    return case.go(CopyLogs())


def write_result(case: Case) -> Decision | None:
    return case.go(WriteResult(), final=case.now) if case.record.final is None else None


def prove_job_gone(case: Case) -> Decision | None:
    record = case.record
    if record.job_gone is not None:
        return None
    if record.batch_job is None or case.seen.job is None:
        return case.go(job_gone=case.now)
    return ask(case, DeleteJob(), "job")


def prove_pool_gone(case: Case) -> Decision | None:
    record = case.record
    if record.pool_gone is not None:
        return None
    if record.pool is None or record.shared_pool is not None or case.seen.pool is None:
        return case.go(pool_gone=case.now)
    return ask(case, DeletePool(), "pool")


def ask(case: Case, action: Action, what: str, since: datetime | None = None) -> Decision:
    """Ask for a deletion again; one that takes hours is told, though nobody refuses it."""
    since = since or case.record.final or case.now
    if case.now - since < LATE:
        return case.wait(again(case), action, waiting=())
    why = Waiting(
        code=Code.CLEANUP,
        message=f"The {what} is still there {int((case.now - since) / HOUR)} hours after its deletion was asked for.",
        next="It is tried again. If it stays, look at it in the Azure portal: locks, nodes that cannot be reached.",
        since=since + LATE,
    )
    return case.wait(max(again(case), HELD), action, waiting=(why,))


def again(case: Case) -> timedelta:
    """Deletions take seconds to minutes: look often at first, then as often as at a running job."""
    since = (case.now - (case.record.final or case.now)).total_seconds()
    return timedelta(seconds=min(max(since / 4, min(2.0, case.pace.shortest)), case.pace.shortest))


def write_receipt(case: Case) -> Decision | None:
    return case.go(WriteReceipt(), cleaned=case.now) if case.record.cleaned is None else None


def drop_containers(case: Case) -> Decision | None:
    record = case.record
    if record.containers_gone is not None:
        return None
    if record.containers is None or not (case.seen.input_container or case.seen.output_container):
        return case.go(containers_gone=case.now)
    due = containers_due(record)
    if due is not None and case.now < due:
        return Decision(None, record, min(due, case.now + DAY))
    if case.seen.held_by:
        return case.wait(HELD, held_by=case.seen.held_by)
    asked = max((when for when in (due, record.cleaned) if when is not None), default=None)
    return ask(case, DeleteContainers(), "container", asked)


def containers_due(record: Record) -> datetime | None:
    """Until when the per-job containers are kept; None before the job is final."""
    if record.final is None:
        return None
    retention = record.plan.manifest.retention
    return record.final + (retention.complete if is_complete(record) else retention.otherwise)


def is_complete(record: Record) -> bool:
    """Succeeded with no unit failed, skipped or not run?"""
    verdict = record.verdict
    if verdict is None or verdict.state != "succeeded" or record.merge_failed is not None:
        return False
    return not (verdict.units.failed or verdict.units.skipped or verdict.units.not_run or verdict.tasks.failed)


def close_receipt(case: Case) -> Decision | None:
    return case.go(WriteReceipt(), receipt_closed=case.now) if case.record.receipt_closed is None else None


def archive(case: Case) -> Decision | None:
    return case.go(Archive(), archived=case.now) if case.record.archived is None else None


ROWS = (
    Row("end job", "a verdict, job not ended", "terminate it, let its SAS die", "job ended", end_job),
    Row(
        "keep evidence",
        "no evidence kept",
        "failed.jsonl, logs, words on the nodes",
        "evidence",
        keep_evidence,
    ),
    Row("delete pool", "the pool was not asked to go", "ask", "pool deletion asked", delete_pool),
    Row("merge", "verdict succeeded, no outcome", "merge, verify, publish", "merged, or merge failed", merge),
    Row("copy logs", "logs: all, and some are missing", "copy them on from the cursor", "logs cursor", copy_logs),
    Row("write result", "not final", "write result.json, once", "final", write_result),
    Row("prove job gone", "the Batch job answers", "ask for its deletion", "job gone, on a 404", prove_job_gone),
    Row("prove pool gone", "the pool answers", "ask for its deletion", "pool gone, on a 404", prove_pool_gone),
    Row("write receipt", "job and pool are gone", "write receipt.json", "cleaned", write_receipt),
    Row(
        "drop containers",
        "their date has come and no retry needs them",
        "delete both",
        "containers gone, on a 404",
        drop_containers,
    ),
    Row("close receipt", "the containers are gone", "write receipt.json again", "receipt closed", close_receipt),
    Row("archive", "nothing is left", "write the done marker", "archived", archive),
)
