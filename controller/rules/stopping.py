"""Rows that end a job before its tasks have: asked first, whatever stage it is in. Pure."""

from __future__ import annotations

from typing import Literal

from controller.rules.case import Case, Decision, Row, has_rows, verdict_without_rows
from controller.rules.starting import queue_end
from shared.actions import Settle
from shared.codes import Code, Warn
from shared.manifest.durations import iso
from shared.record import Failure

AGAIN = "Drop the manifest again to run it, or links.retry, where there is one, to keep what was done."


def cancelled(case: Case) -> Decision | None:
    record = case.record
    if record.verdict is not None or not case.seen.cancel:
        return None
    failure = Failure(code=Code.CANCELLED, message="The job was cancelled on request.", next=AGAIN)
    if not has_rows(record):
        return case.go(verdict=verdict_without_rows(record, case.now, failure, "cancelled"))
    return case.go(Settle("cancelled", failure))


def cancel_too_late(case: Case) -> Decision | None:
    record = case.record
    if record.verdict is None or record.verdict.state == "cancelled" or record.final is not None:
        return None
    if not case.seen.cancel or case.warned(Warn.CANCEL_TOO_LATE):
        return None
    message = (
        f"The cancel came after the verdict of {record.verdict.at:%Y-%m-%dT%H:%M:%SZ}; the job goes on to its end."
    )
    return Decision(
        None,
        record.model_copy(update={"warnings": case.warnings_with(Warn.CANCEL_TOO_LATE, message)}),
        case.now,
    )


def out_of_time(case: Case) -> Decision | None:
    record, limit = case.record, case.record.plan.manifest.limits.job_timeout
    if record.verdict is not None or case.now < record.accepted + limit:
        return None
    return stop(
        case,
        Failure(
            code=Code.JOB_TIMEOUT,
            message=f"The job did not end within limits.jobTimeout ({iso(limit)}) of its acceptance.",
            next="Raise limits.jobTimeout or compute.maxNodes, or make the tasks smaller.",
        ),
    )


def queued_too_long(case: Case) -> Decision | None:
    record, limit = case.record, case.record.plan.manifest.limits.queue_timeout
    if record.verdict is not None or record.first_node is not None or record.input is None:
        return None
    if case.now < queue_end(record) or (record.splitter.node is not None and record.splitter.ended is None):
        return None
    return stop(
        case,
        Failure(
            code=Code.QUEUE_TIMEOUT,
            message=f"No {'task' if record.shared_pool else 'node'} ran within limits.queueTimeout ({iso(limit)})."
            f"{waited_for(case)}",
            next="Raise limits.queueTimeout, ask for more quota, or try another vmSize or compute.spot: false.",
            evidence={"waitedFor": next((w.code for w in record.waiting), None)},
        ),
    )


def waited_for(case: Case) -> str:
    """What it waited for last."""
    return next((f" It waited for {each.code}: {each.message}" for each in case.record.waiting), "")


def lost(case: Case) -> Decision | None:
    """Something the record says we made is gone, or on its way out. What ran well is kept where it can be known."""
    record, seen = case.record, case.seen
    if record.verdict is not None:
        return None
    if record.batch_job is not None and seen.job is None:
        return settle_or_end(case, gone(Code.JOB_LOST, "Batch job", record.job), "lost")
    if record.pool is not None and (seen.pool is None or seen.pool.state == "deleting"):
        return settle_or_end(case, gone(Code.POOL_LOST, "pool", record.pool_id), "early")
    if record.containers is not None and not seen.output_container:
        return settle_or_end(case, gone(Code.CONTAINER_LOST, "container", f"{record.job}-output"), "lost")
    if record.containers is not None and not seen.input_container:
        return settle_or_end(case, gone(Code.CONTAINER_LOST, "container", f"{record.job}-input"), "early")
    return None


def ended_otherwise(case: Case) -> Decision | None:
    """The Batch job was ended, and not by us."""
    record, job = case.record, case.seen.job
    if record.verdict is not None or record.batch_job is None or job is None:
        return None
    if job.state == "deleting":
        return settle_or_end(case, gone(Code.JOB_LOST, "Batch job", record.job), "lost")
    if job.state not in ("completed", "terminating"):
        return None
    if job.ended_because == "MaxWallClockTimeExpiry":
        return stop(case, Failure(code=Code.JOB_TIMEOUT, message="Batch ended the job at its maxWallClockTime."))
    why = job.ended_because or job.state
    failure = Failure(
        code=Code.JOB_LOST,
        message=f"The Batch job {record.job} was ended by someone else ({why}).",
        next=f"{AGAIN} To end a job, drop <manifest>.cancel.",
        evidence={"jobState": job.state, "endedBecause": job.ended_because},
    )
    return settle_or_end(case, failure, "early")


def gone(code: Code, what: str, name: str) -> Failure:
    return Failure(
        code=code,
        message=f"The {what} {name} was deleted while the job was open.",
        next=f"{AGAIN} To end a job, drop <manifest>.cancel instead of deleting what it uses.",
        evidence={"missing": name},
    )


def stop(case: Case, failure: Failure) -> Decision:
    """End a job at a limit: what is tolerated may still succeed."""
    if not has_rows(case.record):
        return case.go(verdict=verdict_without_rows(case.record, case.now, failure, "failed"))
    return case.go(Settle("stopped", failure))


def settle_or_end(case: Case, failure: Failure, how: Literal["lost", "early"]) -> Decision:
    if not has_rows(case.record):
        return case.go(verdict=verdict_without_rows(case.record, case.now, failure, "failed"))
    return case.go(Settle(how, failure))


ROWS = (
    Row("cancelled", "a cancel was dropped, no verdict yet", "settle what ran", "verdict cancelled", cancelled),
    Row("cancel too late", "a cancel was dropped after the verdict", "nothing", "warning", cancel_too_late),
    Row(
        "out of time", "limits.jobTimeout has passed, no verdict", "settle what ran", "verdict JOB_TIMEOUT", out_of_time
    ),
    Row(
        "queued too long",
        "limits.queueTimeout has passed and no node ever ran",
        "settle what ran",
        "verdict QUEUE_TIMEOUT",
        queued_too_long,
    ),
    Row(
        "lost", "the job, pool or a container is gone or going", "settle", "verdict JOB_, POOL_ or CONTAINER_LOST", lost
    ),
    Row("ended otherwise", "someone else ended the Batch job", "settle", "verdict of that reason", ended_otherwise),
)
