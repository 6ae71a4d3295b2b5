"""status.json: what people read while a job is open, and after. Pure: record in, JSON-ready values out.

Absent facts are null and keys never vanish.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from controller.retryable import retry_until
from controller.rules.ending import containers_due
from controller.rules.running import is_running
from controller.rules.side import BOTH, side
from controller.rules.spending import cost_of as spending_cost
from controller.state import attempt_numbers, complete_of, is_final, state_of, task_numbers, unit_numbers
from shared.codes import Code, Warn
from shared.errors import Problem
from shared.names import JOBS, RESULTS, input_container, output_container, side_id
from shared.record import Failure, Record, Waiting, Warned

FRESH = timedelta(minutes=20)
"""A status that is older than this is stale: it is written at least every 10 minutes while the job is open."""


def utc(when: datetime | None) -> str | None:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if when else None


def status_document(record: Record, now: datetime) -> dict[str, Any]:
    """status.json of an accepted job."""
    final = is_final(record)
    return {
        "schema": "batchdrop.status/1",
        "manifest": manifest_of(record),
        "jobId": record.job,
        "labels": record.plan.manifest.labels,
        "state": state_of(record),
        "final": final,
        "complete": complete_of(record),
        "dryRun": False,
        "plan": None,
        "problems": [],
        "warnings": [{"code": warning.code, "message": warning.message} for warning in warnings_of(record)],
        "waiting": [waiting_of(waiting) for waiting in record.waiting],
        "tasks": task_numbers(record),
        "units": unit_numbers(record),
        "attempts": attempt_numbers(record),
        "input": input_of(record),
        "nodes": nodes_of(record),
        "cost": cost_of(record),
        "links": links_of(record),
        "failure": failure_of(record),
        "cleanup": cleanup_of(record),
        "times": times_of(record),
        "updatedAt": utc(now),
        "staleAfter": None if record.archived or (final and record.cleaned) else utc(now + FRESH),
    }


def manifest_of(record: Record) -> dict[str, Any]:
    return {
        "blob": f"{JOBS}/{record.manifest.path}",
        "etag": record.manifest.etag,
        "sha256": record.manifest.sha256,
        "redelivered": len(record.deliveries),
        "replaces": record.replaces,
    }


def warnings_of(record: Record) -> tuple[Warned, ...]:
    """What is warned of, nodes that were taken back included: of these the number changes."""
    taken = record.usage.preemptions
    if not taken or any(warning.code == Warn.PREEMPTIONS for warning in record.warnings):
        return record.warnings
    text = f"At least {taken} spot nodes were taken back; their tasks run again, and no retry is used by that."
    return (*record.warnings, Warned(code=Warn.PREEMPTIONS, message=text))


def waiting_of(waiting: Waiting) -> dict[str, Any]:
    return {
        "code": waiting.code,
        "since": utc(waiting.since),
        "message": waiting.message,
        "evidence": waiting.evidence,
        "next": waiting.next,
        "place": waiting.place,
        "givesUpAt": utc(waiting.gives_up_at),
    }


def failure_of(record: Record) -> dict[str, Any] | None:
    failure = record.merge_failed or (record.verdict.failure if record.verdict else None)
    return failure_document(failure) if failure else None


def failure_document(failure: Failure) -> dict[str, Any]:
    return {
        "code": failure.code,
        "message": failure.message,
        "evidence": failure.evidence,
        "next": failure.next,
        "task": failure.task,
    }


def input_of(record: Record) -> dict[str, Any]:
    source = record.input
    return {
        "blobs": source.blobs if source else None,
        "bytes": source.bytes if source else None,
        "first": source.first if source else None,
        "last": source.last if source else None,
    }


def nodes_of(record: Record) -> dict[str, Any]:
    """Zero once the pool has been asked to go. Of a shared pool, all of its nodes."""
    progress = record.progress if is_running(record) else None
    has_pool = record.pool is not None and record.pool_gone is None
    return {
        "pool": record.pool_id if has_pool else None,
        "running": progress.nodes_running if progress else 0,
        "starting": progress.nodes_starting if progress else 0,
        "target": progress.nodes_target if progress else 0,
    }


def cost_of(record: Record) -> dict[str, Any]:
    hours = round(record.usage.node_seconds / 3600, 4)
    cost, price = spending_cost(record.plan, record.usage), record.plan.price
    return {
        "nodeHours": hours,
        "capNodeHours": record.plan.manifest.limits.max_node_hours,
        "estimate": round(cost, 4) if cost is not None else None,
        "currency": price.currency if price else None,
    }


def links_of(record: Record) -> dict[str, Any]:
    folder = f"{RESULTS}/{record.job}/"
    failed = record.evidence is not None and has_failures(record)
    return {
        "result": record.merged.path if record.merged else None,
        "failed": f"{folder}failed.jsonl" if failed else None,
        "retry": f"{folder}retry.yaml" if retry_until(record) else None,
        "report": None,
        "logs": f"{folder}logs/" if record.logs_kept else None,
        "job": f"{folder}status.json",
    }


def has_failures(record: Record) -> bool:
    verdict = record.verdict
    if verdict is None or verdict.outcome is None:
        return False
    return any((verdict.units.failed, verdict.units.not_run, verdict.tasks.failed, verdict.tasks.skipped))


def cleanup_of(record: Record) -> dict[str, Any]:
    """retained: job and pool proved gone, containers held until a date. failed: something cannot be deleted; it is
    named with the reason, and tried again."""
    remaining = [] if record.containers is None or record.containers_gone else containers_left(record)
    if record.final is None:
        return {"state": "notStarted" if record.job_ended is None else "running", "remaining": []}
    if record.cleaned is None:
        state, remaining = "running", batch_left(record) + remaining
    else:
        state = ("running" if containers_due(record) == record.final else "retained") if remaining else "done"
    trouble = next((waiting for waiting in record.waiting if waiting.code == Code.CLEANUP), None)
    if trouble is not None and remaining:
        return {"state": "failed", "remaining": [{**each, "why": trouble.message} for each in remaining]}
    return {"state": state, "remaining": remaining}


def containers_left(record: Record) -> list[dict[str, Any]]:
    until = None if record.held_by else utc(containers_due(record))
    names = (input_container(record.job), output_container(record.job))
    return [{"kind": "container", "id": name, "until": until} for name in names]


def batch_left(record: Record) -> list[dict[str, Any]]:
    left = []
    if record.batch_job is not None and record.job_gone is None:
        left.append({"kind": "job", "id": record.job, "until": None})
    if record.pool is not None and record.shared_pool is None and record.pool_gone is None:
        left.append({"kind": "pool", "id": record.job, "until": None})
    for which in BOTH:
        found = side(record, which)
        kinds = found.kinds if found.gone is None else ()
        left += [{"kind": kind, "id": side_id(record.job, which), "until": None} for kind in kinds]
    return left


def times_of(record: Record) -> dict[str, Any]:
    return {
        "accepted": utc(record.accepted),
        "firstTask": utc(record.first_task),
        "verdict": utc(record.verdict.at if record.verdict else None),
        "final": utc(record.final),
        "cleaned": utc(record.cleaned),
        "expected": utc(expected_end(record)),
    }


def expected_end(record: Record) -> datetime | None:
    """When the last task ends, at the speed so far."""
    progress, started = record.progress, record.first_task
    if record.verdict is not None or progress is None or started is None:
        return None
    done = progress.succeeded + progress.failed
    if not done:
        return None
    return progress.at + (progress.at - started) / done * (record.to_run - done)


def problem_document(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "rule": problem.rule,
        "message": problem.message,
        "fix": problem.fix,
    }
