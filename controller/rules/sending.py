"""Rows from the Batch job, which is there before its pool, to the last task added. Pure."""

from __future__ import annotations

from controller.rules.case import Case, Decision, Row
from controller.rules.starting import wants_pool
from shared.actions import AddTasks, CreateJob, SetFormula
from shared.record import Canary, Record


def create_job(case: Case) -> Decision | None:
    """Before its own pool, whose nodes would be paid for while the account takes no more jobs."""
    if case.record.batch_job is not None or not wants_job(case.record):
        return None
    return case.go(CreateJob(), batch_job=case.now, share=case.seen.share)


def wants_job(record: Record) -> bool:
    if record.shared_pool is not None:
        return record.split.done is not None
    return record.pool is not None or wants_pool(record)


def add_canary(case: Case) -> Decision | None:
    record = case.record
    if not record.plan.manifest.canary or record.canary.sent is not None:
        return None
    return case.go(AddTasks(one=True), canary=Canary(sent=case.now))


def open_pool(case: Case) -> Decision | None:
    record, canary = case.record, case.record.canary
    if canary.passed is None or canary.opened is not None or record.drained is not None or record.to_run == 1:
        return None
    if record.shared_pool is not None:
        return None
    return case.go(SetFormula("all"), canary=canary.model_copy(update={"opened": case.now}))


def add_tasks(case: Case) -> Decision | None:
    record = case.record
    waits = record.tries_canary or record.drained is not None
    return case.go(AddTasks()) if record.added < record.split.rows and not waits else None


CREATE_JOB = Row("create job", "no Batch job, its pool wanted or there", "create it", "Batch job", create_job)
ROWS = (
    Row("add canary", "canary: true, and nothing was tried", "add the first task alone", "canary sent", add_canary),
    Row("open pool", "the canary has passed", "the formula for all tasks", "opened", open_pool),
    Row("add tasks", "tasks are missing", "add on from the cursor", "added", add_tasks),
)
