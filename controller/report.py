"""The documents that people and programs read: status, result, receipt. Pure: record in, JSON-ready values out.

Absent facts are null and keys never vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from controller.outcome import allowed
from controller.rules.ending import containers_due
from controller.rules.running import is_running
from controller.state import attempt_numbers, complete_of, is_final, state_of, task_numbers, unit_numbers
from shared.errors import Problem
from shared.names import JOBS, RESULTS, input_container, output_container
from shared.record import Failure, Record, Waiting

LISTED = 20
FRESH = timedelta(minutes=20)
"""A status that is older than this is stale: it is written at least every 10 minutes while the job is open."""


class FailedUnits(TypedDict):
    """One failed unit range, in failed.jsonl and in result.json."""

    task: str
    index: int
    units: dict[str, int]
    reason: str
    exitCode: int | None
    runs: int | None
    message: str
    stderrTail: str | None
    logs: str | None


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
        "warnings": [{"code": warning.code, "message": warning.message} for warning in record.warnings],
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
    """Zero once the pool has been asked to go."""
    progress = record.progress if is_running(record) else None
    has_pool = record.pool is not None and record.pool_gone is None
    return {
        "pool": record.job if has_pool else None,
        "running": progress.nodes_running if progress else 0,
        "starting": progress.nodes_starting if progress else 0,
        "target": progress.nodes_target if progress else 0,
    }


def cost_of(record: Record) -> dict[str, Any]:
    hours = round(record.usage.node_seconds / 3600, 4)
    return {"nodeHours": hours, "capNodeHours": None, "estimate": None, "currency": None}


def links_of(record: Record) -> dict[str, Any]:
    folder = f"{RESULTS}/{record.job}/"
    failed = record.evidence is not None and record.verdict is not None and has_failures(record)
    return {
        "result": record.merged.path if record.merged else None,
        "failed": f"{folder}failed.jsonl" if failed else None,
        "retry": None,
        "report": None,
        "logs": f"{folder}logs/" if failed and record.verdict and record.verdict.tasks.failed else None,
        "job": f"{folder}status.json",
    }


def has_failures(record: Record) -> bool:
    verdict = record.verdict
    return bool(verdict and verdict.outcome and (verdict.units.failed or verdict.units.not_run or verdict.tasks.failed))


def cleanup_of(record: Record) -> dict[str, Any]:
    """retained: job and pool proved gone, containers held until a date."""
    remaining = [] if record.containers is None or record.containers_gone else containers_left(record)
    if record.final is None:
        state = "notStarted" if record.job_ended is None else "running"
    elif record.cleaned is None:
        state, remaining = "running", batch_left(record) + remaining
    else:
        state = "retained" if remaining else "done"
    return {"state": state, "remaining": remaining if record.final else []}


def containers_left(record: Record) -> list[dict[str, Any]]:
    until = utc(containers_due(record))
    names = (input_container(record.job), output_container(record.job))
    return [{"kind": "container", "id": name, "until": until} for name in names]


def batch_left(record: Record) -> list[dict[str, Any]]:
    left = []
    if record.batch_job is not None and record.job_gone is None:
        left.append({"kind": "job", "id": record.job, "until": None})
    if record.pool is not None and record.pool_gone is None:
        left.append({"kind": "pool", "id": record.job, "until": None})
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
    return progress.at + (progress.at - started) / done * (record.split.rows - done)


def result_document(record: Record, failures: Sequence[FailedUnits]) -> dict[str, Any]:
    """result.json: written once, when the state becomes final."""
    tasks, units = task_numbers(record), unit_numbers(record)
    verdict = record.verdict
    times = times_of(record)
    return {
        "schema": "batchdrop.result/1",
        "jobId": record.job,
        "name": record.plan.manifest.name,
        "labels": record.plan.manifest.labels,
        "idempotencyKey": record.plan.manifest.idempotency_key,
        "manifest": {
            **{key: value for key, value in manifest_of(record).items() if key in ("blob", "etag", "sha256")},
            "copy": f"{RESULTS}/{record.job}/manifest.yaml",
        },
        "state": state_of(record),
        "complete": complete_of(record),
        "failure": failure_of(record),
        "result": merged_of(record),
        "units": {**units, "tolerated": tolerated_of(record, units["total"])},
        "tasks": {
            **{key: tasks[key] for key in ("total", "succeeded", "failed", "skipped", "notRun")},
            "emptyOutputs": verdict.empty_outputs if verdict else 0,
        },
        "attempts": attempt_numbers(record),
        "failures": list(failures)[:LISTED],
        "failuresListed": min(len(failures), LISTED),
        "failuresFile": links_of(record)["failed"],
        "retry": None,
        "container": {"image": record.plan.manifest.container.image, "digest": None},
        "input": {
            **{key: value for key, value in input_of(record).items() if key in ("blobs", "bytes")},
            "etag": record.input.etag if record.input else None,
        },
        "cost": {
            "nodeHours": cost_of(record)["nodeHours"],
            "spotNodeHours": round(record.usage.spot_node_seconds / 3600, 4),
            "estimate": None,
            "currency": None,
            "prices": None,
        },
        "times": {key: times[key] for key in ("accepted", "firstTask", "verdict", "final")},
        "report": None,
    }


def merged_of(record: Record) -> dict[str, Any] | None:
    merged = record.merged
    if merged is None:
        return None
    kind = merged.hash_kind
    return {
        "blobs": merged.blobs,
        "path": merged.path,
        "bytes": merged.bytes,
        "hash": {"kind": kind, "value": merged.hash} if kind else None,
        "etag": merged.etag,
        "mergedBy": merged.by,
        "records": merged.records,
    }


def tolerated_of(record: Record, total: Any) -> int:
    return allowed(record.plan.manifest.tolerated, int(total or 0))


def receipt_document(record: Record, now: datetime) -> dict[str, Any]:
    """receipt.json: which deletions are proved (each by its 404), and the final node time."""
    gone = record.containers is None or record.containers_gone is not None
    proved = [
        {"kind": "job", "id": record.job, "provedAt": utc(record.job_gone)} if record.batch_job else None,
        {"kind": "pool", "id": record.job, "provedAt": utc(record.pool_gone)} if record.pool else None,
    ]
    if record.containers is not None and record.containers_gone is not None:
        for name in (input_container(record.job), output_container(record.job)):
            proved.append({"kind": "container", "id": name, "provedAt": utc(record.containers_gone)})
    return {
        "schema": "batchdrop.receipt/1",
        "jobId": record.job,
        "deleted": [item for item in proved if item],
        "remaining": [] if gone else containers_left(record),
        "nodeHours": round(record.usage.node_seconds / 3600, 4),
        "spotNodeHours": round(record.usage.spot_node_seconds / 3600, 4),
        "preemptions": record.usage.preemptions,
        "writtenAt": utc(now),
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "rule": problem.rule,
        "message": problem.message,
        "fix": problem.fix,
    }
