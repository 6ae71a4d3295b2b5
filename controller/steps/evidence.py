"""What is kept of what went wrong, before the nodes and the job's containers go. Each may be done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from controller.causes import has_logs, logged
from controller.outcome import FailureRow, from_lines
from controller.result import FailedUnits
from controller.steps.blame import TAIL, stderr_tail
from controller.steps.logs import LOGS_FOLDER, keep_tails
from controller.steps.work import Work
from shared.errors import Refused
from shared.names import NODES, RESULTS, STATE, failures_blob, result_blob, task_id
from shared.ports import NodeError
from shared.record import Record
from shared.veil import VEIL


def failures_of(record: Record, work: Work) -> list[FailureRow]:
    if record.verdict is None or record.verdict.outcome is None:
        return []
    blob = work.ports.control.read(STATE, failures_blob(record.job))
    return from_lines(blob.content) if blob else []


def keep_evidence(record: Record, work: Work) -> Record:
    """failed.jsonl, the logs of failed tasks cut to their last 64 KiB, and what the pool says of its nodes. What is
    saved on the way does not say that they are kept."""
    rows, before = failures_of(record, work), record.model_copy(update={"evidence": None})
    chosen = logged(rows, every=record.plan.manifest.logs == "all")
    if record.plan.manifest.logs == "failed":
        record = keep_tails(record, sorted(chosen), replace(work, save=lambda _: work.save(before)))
    described = []
    for row in rows:
        described.append(describe(record, row, row.index in chosen, work))
        work.save(before)
    nodes = list(pool_evidence(record, work))
    keep(record, "failed.jsonl", described, work)
    keep(record, f"{LOGS_FOLDER}{NODES}", nodes, work)
    return record.model_copy(update={"logs_kept": bool(nodes or chosen)})


def keep(record: Record, name: str, rows: Sequence[object], work: Work) -> None:
    """JSON Lines below results, where there is anything to say."""
    if rows:
        content = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
        work.ports.work.put(RESULTS, result_blob(record.job, name), content, content_type="application/jsonl")


def describe(record: Record, row: FailureRow, chosen: bool, work: Work) -> FailedUnits:
    """`chosen`: its task ran, and is one of those whose logs are kept in any case."""
    logs = chosen or (record.plan.manifest.logs == "all" and has_logs(row, every=True))
    return FailedUnits(
        task=task_id(row.index),
        index=row.index,
        units={"first": row.first, "count": row.count},
        reason=row.reason,
        exitCode=row.exit_code,
        runs=row.runs,
        message=row.message,
        stderrTail=stderr_tail(record, row.index, work) if chosen else None,
        logs=f"{RESULTS}/{record.job}/{LOGS_FOLDER}{task_id(row.index)}/" if logs else None,
    )


def pool_evidence(record: Record, work: Work) -> Iterator[dict[str, str | None]]:
    """What keeps nodes from working, as Batch words it; where it refuses to say, that."""
    try:
        yield from pool_errors(record, work)
    except Refused as refused:
        yield {"kind": "refused", "code": refused.code, "message": str(refused)}


def pool_errors(record: Record, work: Work) -> Iterator[dict[str, str | None]]:
    """Resize and formula errors, nodes of no use."""
    pool = work.ports.batch.pool(record.pool_id) if record.pool is not None else None
    if pool is None:
        return
    for error in pool.resize_errors:
        yield {"kind": "resize", "code": error.code, "message": error.message}
    if pool.autoscale_error is not None:
        yield {"kind": "autoscale", "code": pool.autoscale_error.code, "message": pool.autoscale_error.message}
    for node in work.ports.batch.node_errors(record.pool_id):
        yield node_evidence(record, node, work)


def node_evidence(record: Record, node: NodeError, work: Work) -> dict[str, str | None]:
    """One node; of a start task that failed, the ends of what it wrote, which go with the node."""
    told = {"kind": "node", "code": node.code, "message": node.message, "node": node.node, "state": node.state}
    return told | {way: start_task_said(record, node, way, work) for way in ("stdout", "stderr")}


def start_task_said(record: Record, node: NodeError, way: str, work: Work) -> str | None:
    if node.state != "starttaskfailed":
        return None
    content = work.ports.batch.node_file(record.pool_id, node.node, f"startup/{way}.txt", TAIL)
    return None if content is None else VEIL.over(content.decode("utf-8", "replace"))
