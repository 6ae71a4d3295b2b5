"""The user's own splitter and recombiner: lay out what it reads, start, judge, drop. Each may be done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from controller import ledger, store
from controller.batch_job import make_preparation, metadata
from controller.merge.run import TaskOutput
from controller.outcome import GOOD, KEPT, NOT_RUN, SKIPPED
from controller.rules.progress import with_nodes
from controller.rules.side import side
from controller.side import (
    FAILED_FILE,
    LEDGER_FILE,
    TASK,
    Given,
    longest_run,
    recombiner_given,
    side_of,
    side_pool,
    side_task,
    size_of,
    splitter_given,
)
from controller.split import listfile
from controller.split.rows import Row
from controller.split.sources import read_sources
from controller.steps.blame import tail_of
from controller.steps.finish import bearing
from controller.steps.outputs import frozen_outputs
from controller.steps.rerun import MOST_REACTIVATIONS
from controller.steps.rights import grant
from controller.steps.start import reference_of
from controller.steps.work import Work
from controller.task_end import is_broken
from controller.tasks import latest_end
from controller.threads import each
from controller.vm_image import pick_image
from shared.codes import Code
from shared.errors import Defect, Refused
from shared.manifest.models import Manifest
from shared.names import (
    LOGS,
    RESULTS,
    STAGED,
    STAGED_FACTS,
    STATE,
    input_container,
    output_container,
    result_blob,
    side_id,
    task_id,
)
from shared.ports import FailedTask
from shared.record import Failure, Record, Side, Which
from shared.specs import JobSpec, ResourceFile, Source

LIST_BLOB = "_split/input.jsonl"
MOST_BLOBS = 500
COPIES = 8
WAVE = 64
NAMES = {GOOD: "merged", KEPT: "merged", SKIPPED: "skipped", NOT_RUN: "notRun"}


def create_pool(record: Record, which: Which, work: Work) -> Record:
    manifest = record.plan.manifest
    image = pick_image(work.ports.batch.images(), size_of(manifest, which), manifest.compute.os_image, work.now)
    work.ports.batch.create_pool(side_pool(record, which, image, work.site, work.now))
    return record


def start(record: Record, which: Which, work: Work) -> Record:
    """Its job and its one task; what it reads is in place before."""
    manifest = store.parsed_manifest(work.ports.control, record)
    given = give_splitter(record, manifest, work) if which == "splitter" else give_recombiner(record, work)
    grant(record, work)
    work.ports.batch.create_job(job_of(record, which, manifest, work))
    work.ports.batch.add_tasks(side_id(record.job, which), [side_task(record.job, manifest, which, given)])
    return record


def job_of(record: Record, which: Which, manifest: Manifest, work: Work) -> JobSpec:
    secrets = side_of(manifest, which).secrets
    until = latest_end(record.accepted, manifest)
    reference = reference_of(record, work) if which == "splitter" else []
    name = side_id(record.job, which)
    return JobSpec(
        id=name,
        pool_id=name,
        priority=0,
        max_wall_clock=longest_run(manifest) + manifest.limits.queue_timeout,
        environment=tuple((variable, work.ports.secrets.get(secret)) for variable, secret in secrets.items()),
        preparation=make_preparation(record.job, reference, until) if reference else None,
        metadata=metadata(record.job, record.owner, record.expires or until, manifest.labels),
    )


def give_splitter(record: Record, manifest: Manifest, work: Work) -> Given:
    """The one blob under its own name, or the list file of many beside them."""
    until = latest_end(record.accepted, manifest)
    if manifest.input.kind == "blob":
        container, _, blob = (manifest.input.blob or "").partition("/")
        path = f"input/{blob.rsplit('/', 1)[-1]}"
        file = ResourceFile(Source(container, blob, job_container=False, until=until), path)
        return splitter_given(record.job, manifest, (file,), path, until)
    blobs = tuple(islice(read_sources(work.ports.control, record.job), MOST_BLOBS + 1))
    if len(blobs) > MOST_BLOBS:
        raise Refused("SPLIT", 0, f"split.by: container is given at most {MOST_BLOBS} blobs; the input has more")
    row = Row(0, 0, len(blobs), 0, blobs, data=True)
    content = b"".join(listfile.lines(manifest, row))
    work.ports.work.put(input_container(record.job), LIST_BLOB, content)
    container = listfile.container_of(manifest)
    files = [ResourceFile(Source(input_container(record.job), LIST_BLOB, job_container=True), "input/input.jsonl")]
    for unit, each_blob in enumerate(blobs):
        source = Source(container, each_blob.name, job_container=False, until=until)
        files.append(ResourceFile(source, f"input/{unit}/{listfile.own_name(each_blob)}"))
    return splitter_given(record.job, manifest, tuple(files), "input/input.jsonl", until)


def give_recombiner(record: Record, work: Work) -> Given:
    """The accepted outputs, copied side by side; the ledger and the failures as files."""
    flat = all_names_differ(frozen_outputs(record, work.ports))
    staged = record.recombiner.staged
    outputs = islice(frozen_outputs(record, work.ports), staged, None)
    while wave := list(islice(outputs, WAVE)):
        each(COPIES, lambda output: stage(record, output, flat, work), wave)
        staged += len(wave)
        # The job is noted as started in this record, and is not: what is saved on the way says so.
        laid_out = record.recombiner.model_copy(update={"job": None, "staged": staged})
        work.save(record.model_copy(update={"recombiner": laid_out}))
    container = output_container(record.job)
    work.ports.work.put_stream(container, f"{STAGED_FACTS}/{LEDGER_FILE}", ledger_lines(record, flat, work))
    failed = work.ports.work.read(RESULTS, result_blob(record.job, "failed.jsonl"))
    work.ports.work.put(container, f"{STAGED_FACTS}/{FAILED_FILE}", failed.content if failed else b"")
    return recombiner_given(record)


def all_names_differ(outputs: Iterator[TaskOutput]) -> bool:
    """May the outputs lie in one folder, as in the old guide?"""
    seen: set[str] = set()
    for output in outputs:
        if output.name in seen:
            return False
        seen.add(output.name)
    return True


def staged_name(output: TaskOutput, flat: bool) -> str:
    return output.name if flat else f"{task_id(output.index)}/{output.name}"


def stage(record: Record, output: TaskOutput, flat: bool, work: Work) -> None:
    container = output_container(record.job)
    source = (output.container or container, f"{task_id(output.index)}/{output.name}")
    work.ports.work.copy(source, output.etag, (container, f"{STAGED}/{staged_name(output, flat)}"))


def ledger_lines(record: Record, flat: bool, work: Work) -> Iterator[bytes]:
    """One JSON line a task: its units, its state, its outputs below INPUT_DIR."""
    board = board_of(record, work)
    outputs, pending = frozen_outputs(record, work.ports), None
    for row in ledger.rows(record, work.ports.control):
        found = []
        pending = pending or next(outputs, None)
        while pending is not None and pending.index == row.index:
            found.append(staged_name(pending, flat))
            pending = next(outputs, None)
        line = {
            "task": task_id(row.index),
            "index": row.index,
            "units": {"first": row.first, "count": row.units},
            "state": NAMES.get(board[row.index], "failed"),
            "outputs": found,
        }
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def board_of(record: Record, work: Work) -> bytes:
    name = record.verdict.outcome if record.verdict else None
    blob = work.ports.control.read(STATE, name) if name else None
    if blob is None:
        raise Defect(f"{record.job}: what the verdict was decided on is gone")
    return blob.content


def judge(record: Record, which: Which, work: Work) -> Record:
    """How its one task ended: by a failure of the platform, after which it may go again, or for good. Then its rights
    end with it, and its node time is counted."""
    failed, found = end_of(record, which, work), side(record, which)
    if failed is not None and goes_again(found, failed):
        more = found.goes + (failed.ended != found.goes_for)
        again = found.model_copy(update={"goes": more, "goes_for": failed.ended, "repeat": True})
        return record.model_copy(update={which: again})
    failure = failure_of(record, which, failed, work) if failed is not None else None
    if which == "recombiner":
        work.ports.work.revoke(input_container(record.job))
        work.ports.work.revoke(output_container(record.job))
    usage = with_nodes(record.usage, found.pool or work.now, work.now, 1)
    ended = found.model_copy(update={"ended": work.now, "failure": failure})
    record = record.model_copy(update={which: ended, "usage": usage})
    grant(record, work)
    return record


def end_of(record: Record, which: Which, work: Work) -> FailedTask | None:
    """None where its task has not failed."""
    return next(iter(work.ports.batch.failed(side_id(record.job, which))), None)


def goes_again(found: Side, failed: FailedTask) -> bool:
    """Batch repeats what a program ends with; what the platform failed is sent out again by us, so many times."""
    return is_broken(failed) and (found.goes < MOST_REACTIVATIONS or failed.ended == found.goes_for)


def failure_of(record: Record, which: Which, failed: FailedTask, work: Work) -> Failure:
    runs = failed.runs + side(record, which).goes
    stderr = tail_of(output_container(record.job), f"{LOGS}/{which}/stderr.txt", work)
    return Failure(
        code=Code.SPLIT if which == "splitter" else Code.MERGE,
        message=f"The {which} ended with {failed.exit_code or failed.code} after {runs} runs.",
        next="Correct its image and drop the manifest again.",
        evidence={"exitCode": failed.exit_code, "runs": runs, "message": failed.message, "stderr": stderr},
        task=TASK,
    )


def repeat(record: Record, which: Which, work: Work) -> Record:
    """Only after the very end that the go was counted for: a crash may come between this and its being noted."""
    failed = end_of(record, which, work)
    if failed is not None and failed.ended == side(record, which).goes_for:
        work.ports.batch.reactivate(side_id(record.job, which), TASK)
    return record


def drop(record: Record, which: Which, work: Work) -> Record:
    """Job first: a pool that goes first would requeue its task."""
    with bearing(record):
        work.ports.batch.delete_job(side_id(record.job, which))
        work.ports.batch.delete_pool(side_id(record.job, which))
    return record
