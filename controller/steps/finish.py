"""After the verdict: end the job, keep evidence, merge, answer, prove that nothing is left. Each may be done twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from controller import hours, line, store
from controller.causes import causes_of, logged, shown
from controller.merge.run import MergeTarget, merge
from controller.plan import own_result
from controller.result import receipt_document, result_document
from controller.retry_file import retry_hint, retry_yaml
from controller.retryable import retry_until
from controller.state import unit_numbers
from controller.steps.evidence import describe, failures_of
from controller.steps.outputs import frozen_outputs
from controller.steps.work import Work
from shared.codes import Code, Warn
from shared.errors import Conflict, Refused, Vanished
from shared.logs import note
from shared.names import RESULTS, input_container, output_container, result_blob
from shared.ports import ABSENT
from shared.record import Failure, MergeCursor, Merged, Record, Warned

log = logging.getLogger("batchdrop.finish")
JSON = "application/json"


def end_job(record: Record, work: Work) -> Record:
    """Running tasks are terminated; every SAS of the job dies with its policy."""
    if record.batch_job is not None:
        with bearing(record):
            work.ports.batch.terminate_job(record.job, "BatchdropVerdict")
    if record.containers is not None:
        for container in (input_container(record.job), output_container(record.job)):
            if work.ports.work.container_exists(container):
                work.ports.work.revoke(container)
    return record


def delete_pool(record: Record, work: Work) -> Record:
    with bearing(record):
        work.ports.batch.delete_pool(record.job)
    return record


@contextmanager
def bearing(record: Record) -> Iterator[None]:
    """An end or a deletion that is refused before the job is final is left to the clean-up: no result waits for it."""
    try:
        yield
    except Refused as refused:
        if record.final is not None:
            raise
        note(log, "not ended or deleted yet", logging.WARNING, why=refused)


def delete_job(record: Record, work: Work) -> Record:
    work.ports.batch.delete_job(record.job)
    return record


def merge_outputs(record: Record, work: Work) -> Record:
    """The merged fact, or the reason why there is none. Good work is kept for `retention.otherwise` then."""
    manifest = store.parsed_manifest(work.ports.control, record)
    before = record.retry.of if record.retry else ()
    target = MergeTarget(own_result(record.plan, record.job), record.plan.to, manifest.merge.if_exists, before)
    outputs = (lambda: frozen_outputs(record, work.ports)) if record.split.rows else (lambda: iter(()))

    def checkpoint(cursor: MergeCursor) -> None:
        work.save(record.model_copy(update={"merging": cursor}))

    tasks = record.verdict.tasks_succeeded if record.verdict and record.split.rows else 0
    try:
        merged = merge(record.job, manifest, outputs, target, work.ports, checkpoint, record.merging, tasks)
    except (Refused, Vanished) as error:
        next_step = (
            "The outputs are kept for retention.otherwise. Copy links.retry into jobs/, with another merge if need be:"
            " only the merge is then done again."
        )
        return record.model_copy(update={"merge_failed": Failure(code=Code.MERGE, message=str(error), next=next_step)})
    warnings = record.warnings
    if merged.taken:
        text = f"The result could not be published at {record.plan.to} ({merged.why}); it is at {merged.fact.path}."
        warnings = (*warnings, Warned(code=Warn.RESULT_NAME_TAKEN, message=text))
    fact = counted(record, merged.fact)
    return record.model_copy(update={"merged": fact, "merging": MergeCursor(), "warnings": warnings})


def counted(record: Record, fact: Merged) -> Merged:
    """Where outputs were counted one by one at the verdict, a result that nobody read has their sum."""
    each = record.plan.manifest.output.records_per_unit
    if fact.records is not None or each is None:
        return fact
    units = unit_numbers(record)["pending"]
    return fact.model_copy(update={"records": int(units or 0) * each})


def write_result(record: Record, work: Work) -> Record:
    """result.json, once: the completion signal. manifest.yaml beside it. A second writer finds it there and goes on."""
    final = with_retry(record.model_copy(update={"final": work.now}), work)
    content = store.manifest_bytes(work.ports.control, record.job)
    work.ports.work.put(RESULTS, result_blob(record.job, "manifest.yaml"), content, content_type="application/yaml")
    rows = failures_of(record, work)
    chosen = logged(rows, every=record.plan.manifest.logs == "all")
    listed = [describe(final, row, row.index in chosen, work) for row in shown(rows)]
    document = result_document(final, listed, causes_of(rows))
    name = result_blob(record.job, "result.json")
    with suppress(Conflict):
        work.ports.work.put(RESULTS, name, encode(document), when=ABSENT, content_type=JSON)
    return record.model_copy(update={"warnings": final.warnings})


def with_retry(record: Record, work: Work) -> Record:
    """retry.yaml, where there is something to retry; the warning that tells what is missing names it."""
    until = retry_until(record)
    if until is None:
        return record
    name = result_blob(record.job, "retry.yaml")
    work.ports.work.put(RESULTS, name, retry_yaml(record.job, until), content_type="application/yaml")
    warnings = tuple(
        Warned(code=warned.code, message=warned.message + retry_hint(until))
        if warned.code == Warn.INCOMPLETE and not warned.message.endswith(retry_hint(until))
        else warned
        for warned in record.warnings
    )
    return record.model_copy(update={"warnings": warnings})


def write_receipt(record: Record, work: Work) -> Record:
    """The deletions proved so far. Where a pool went, the first in line may try."""
    document = receipt_document(record, work.now)
    name = result_blob(record.job, "receipt.json")
    work.ports.work.put(RESULTS, name, encode(document), content_type=JSON)
    if record.pool is not None and record.cleaned is not None and record.containers_gone is None:
        line.reopen(work.ports.control)
    return record


def delete_containers(record: Record, work: Work) -> Record:
    for container in (input_container(record.job), output_container(record.job)):
        work.ports.work.delete_container(container)
    return record


def archive(record: Record, work: Work) -> Record:
    if record.retry is not None:
        store.unpin(work.ports.control, record.retry.of[0], record.job)
    hours.leave(record, work.ports.control)
    store.write_done(work.ports.control, record, record.accepted)
    return record


def encode(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
