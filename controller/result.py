"""result.json and receipt.json: what a program reads once the job is final. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from controller.causes import Cause
from controller.outcome import allowed
from controller.report import containers_left, cost_of, failure_of, input_of, links_of, manifest_of, times_of, utc
from controller.retryable import retry_until
from controller.rules.side import BOTH, side
from controller.state import attempt_numbers, complete_of, state_of, task_numbers, unit_numbers
from shared.names import INDEX, RESULTS, input_container, output_container, side_id
from shared.record import Record

NOT_OURS = "a shared pool is the operator's: it was there before the job, and stays"


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


def result_document(record: Record, failures: Sequence[FailedUnits], causes: Sequence[Cause] = ()) -> dict[str, Any]:
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
        "causes": list(causes),
        "failures": list(failures),
        "failuresListed": len(failures),
        "failuresFile": links_of(record)["failed"],
        "retry": retry_link(record),
        "container": container_of(record.plan.manifest.container.image),
        "input": {
            **{key: value for key, value in input_of(record).items() if key in ("blobs", "bytes")},
            "etag": record.input.etag if record.input else None,
        },
        "cost": {
            "nodeHours": cost_of(record)["nodeHours"],
            "spotNodeHours": round(record.usage.spot_node_seconds / 3600, 4),
            "estimate": cost_of(record)["estimate"],
            "currency": cost_of(record)["currency"],
            "prices": f"policy {record.plan.price.as_of}" if record.plan.price and record.plan.price.as_of else None,
        },
        "times": {key: times[key] for key in ("accepted", "firstTask", "verdict", "final")},
        "report": None,
    }


def container_of(image: str) -> dict[str, str | None]:
    """The digest is the one that the manifest names: Batch does not tell which one a tag stood for."""
    return {"image": image, "digest": image.partition("@")[2] or None}


def retry_link(record: Record) -> dict[str, str | None] | None:
    until = retry_until(record)
    return {"manifest": links_of(record)["retry"], "until": utc(until)} if until else None


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
        "index": f"{RESULTS}/{record.job}/{INDEX}" if merged.by == "files" else None,
    }


def tolerated_of(record: Record, total: Any) -> int:
    return allowed(record.plan.manifest.tolerated, int(total or 0))


def receipt_document(record: Record, now: datetime) -> dict[str, Any]:
    """receipt.json: which deletions are proved (each by its 404), and the final node time."""
    gone = record.containers is None or record.containers_gone is not None
    proved = [
        {"kind": "job", "id": record.job, "provedAt": utc(record.job_gone)} if record.batch_job else None,
        {"kind": "pool", "id": record.job, "provedAt": utc(record.pool_gone)}
        if record.pool and record.shared_pool is None
        else None,
    ]
    for which in BOTH:
        found = side(record, which)
        kinds = found.kinds if found.gone is not None else ()
        proved += [{"kind": k, "id": side_id(record.job, which), "provedAt": utc(found.gone)} for k in kinds]
    if record.containers is not None and record.containers_gone is not None:
        for name in (input_container(record.job), output_container(record.job)):
            proved.append({"kind": "container", "id": name, "provedAt": utc(record.containers_gone)})
    return {
        "schema": "batchdrop.receipt/1",
        "jobId": record.job,
        "deleted": [item for item in proved if item],
        "remaining": [] if gone else containers_left(record),
        "left": [{"kind": "pool", "id": record.shared_pool, "why": NOT_OURS}] if record.shared_pool else [],
        "nodeHours": round(record.usage.node_seconds / 3600, 4),
        "spotNodeHours": round(record.usage.spot_node_seconds / 3600, 4),
        "preemptions": record.usage.preemptions,
        "writtenAt": utc(now),
    }
