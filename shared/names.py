"""Every name Batchdrop gives: ids, containers, blobs. Derived, so that a second pass finds what the first one made."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NewType

JobId = NewType("JobId", str)
TaskId = NewType("TaskId", str)
Owner = NewType("Owner", str)

JOBS, STATUS, RESULTS, STATE = "jobs", "status", "results", "batchdrop"
"""Containers of the control account, save `results`, which is in the work account."""

PINS = "pins/"
LINE, SHARES, TODAY, RECORDS = "line", "shares", "today", "records"
RESERVED = frozenset({JOBS, STATUS, STATE})
SHARD_ROWS = 10_000
KEEP = ".batchdrop"
"""An empty blob that makes a task's output folder exist; never an output."""
REPORTED, LOGS, WORKSPACE = "_reported", "_logs", "_merge"
PARTS = "_parts"
"""Virtual folder in the input container: what the user's splitter left."""
STAGED, STAGED_FACTS, RECOMBINED = "_recombine", "_recombine_facts", "_recombined"
"""Virtual folders in the output container: what the user's recombiner reads, is told, and leaves."""
"""Virtual folders in the output container beside the tasks' own: reported units, logs of failed tasks, merge levels."""
NODES = "nodes.jsonl"
"""Below `logs/` of a job's own folder under results: what Batch said of its nodes."""
INDEX = "index.jsonl"
"""In a job's own folder under results: what merge.by files has copied where."""
OWNER_KEY, JOB_KEY, EXPIRES_KEY = "batchdrop_owner", "batchdrop_job", "batchdrop_expires"


def owner(control_account: str, deployment: str) -> Owner:
    """Who we are to others on the same account: 16 hex digits."""
    return Owner(_hex(control_account, deployment)[:16])


def job_id(name: str, owned_by: Owner, container: str, blob: str, etag: str) -> JobId:
    """`bd-<first 32 of name>-<12 hex>`: the same manifest version always gives the same id; at most 48 characters."""
    return JobId(f"bd-{name[:32].rstrip('-')}-{_hex(owned_by, container, blob, etag.strip(chr(34)))[:12]}".lower())


def task_id(index: int) -> TaskId:
    return TaskId(f"t-{index:06d}")


def is_task(name: str) -> bool:
    """Is it just what `task_id` makes?"""
    digits = name.removeprefix("t-")
    return name.startswith("t-") and digits.isascii() and digits.isdigit() and task_id(int(digits)) == name


def held_block(place: str, number: int, length: int) -> str:
    """In the output container: the first bytes of a block of the blob `place`, while the rest is not there yet."""
    return f"{WORKSPACE}/held-{_hex(place)[:12]}-{number:05d}-{length}"


def index_of(task: str) -> int:
    """The ledger row of a task id."""
    return int(task.removeprefix("t-"))


def reported_by(blob: str) -> int | None:
    """The ledger row whose report a blob of the output container is; None for what no upload is named like."""
    task = blob.removeprefix(f"{REPORTED}/").removesuffix(".jsonl")
    return index_of(task) if is_task(task) and blob == f"{REPORTED}/{task}.jsonl" else None


def input_container(job: JobId) -> str:
    return f"{job}-input"


def output_container(job: JobId) -> str:
    return f"{job}-output"


def side_id(job: JobId, which: str) -> str:
    """Pool and job of the user's splitter (`-split`) or recombiner (`-merge`)."""
    return f"{job}-split" if which == "splitter" else f"{job}-merge"


def record_blob(job: JobId) -> str:
    return f"{RECORDS}/{job}.json"


def marker_blob(modified: datetime, job: JobId) -> str:
    """Sorts by the manifest's age; the same at each redelivery."""
    return f"open/{modified:%Y%m%dT%H%M%S}Z-{job}"


def done_blob(when: datetime, job: JobId) -> str:
    return f"done/{when:%Y-%m}/{job}"


def day_blob(when: datetime, job: JobId) -> str:
    """One blob per job accepted on a day: what the daily cap counts."""
    return f"days/{when:%Y-%m-%d}/{job}"


def hours_folder(day: str) -> str:
    return f"hours/{day}/"


def hours_blob(day: str, job: JobId) -> str:
    """One blob per archived job: its node time of the last day that it had any."""
    return f"{hours_folder(day)}{job}"


def manifest_copy(job: JobId) -> str:
    return f"manifests/{job}"


def full_manifest(job: JobId) -> str:
    """The manifest as parsed at accept, long lists included."""
    return f"ledger/{job}/manifest.json"


def said_manifest(job: JobId) -> str:
    """The manifest's fields as they were said, with the defaults of that day: what a retry takes over."""
    return f"ledger/{job}/document.json"


def reference_list(job: JobId) -> str:
    """The frozen list of reference blobs."""
    return f"ledger/{job}/reference.json"


def ledger_shard(job: JobId, shard: int) -> str:
    return f"ledger/{job}/rows-{shard:05d}"


def input_shard(job: JobId, shard: int) -> str:
    """The frozen list of source blobs, 10,000 a shard."""
    return f"ledger/{job}/input-{shard:05d}"


def outputs_shard(job: JobId, shard: int) -> str:
    """The frozen list of outputs, by shard of the ledger."""
    return f"ledger/{job}/outputs-{shard:05d}"


def counts_shard(job: JobId, shard: int) -> str:
    """Records in the outputs, where they are counted, by shard of the ledger."""
    return f"ledger/{job}/counts-{shard:05d}"


def runs_shard(job: JobId, shard: int) -> str:
    """Reactivations per row, by shard of the ledger."""
    return f"ledger/{job}/runs-{shard:05d}"


def takings_blob(job: JobId) -> str:
    """How often each task has lost its spot node."""
    return f"ledger/{job}/takings"


def failures_blob(job: JobId) -> str:
    return f"ledger/{job}/failures"


def earlier_blob(job: JobId) -> str:
    """Of a retry, one byte a row: what the jobs before it left."""
    return f"ledger/{job}/earlier"


def earlier_failures(job: JobId) -> str:
    """Of a retry: units that failed in rows which an earlier job ended well."""
    return f"ledger/{job}/earlier-failures"


def outcome_blob(job: JobId, digest: str) -> str:
    """One byte a row: what the verdict says of it."""
    return f"ledger/{job}/outcome-{digest}"


def pins(job: JobId) -> str:
    """Below it, a blob for each job that needs the containers of this one."""
    return f"{PINS}{job}/"


def pin_blob(job: JobId, child: JobId) -> str:
    return f"{pins(job)}{child}"


def cancel_intent(job: JobId) -> str:
    return f"intents/{job}/cancel"


def key_blob(key: str) -> str:
    return f"keys/{hashlib.sha256(key.encode()).hexdigest()}"


def lock_blob(job: JobId) -> str:
    return f"locks/{job}"


def status_blob(manifest_path: str) -> str:
    """In `status`: the answer to the manifest at that path of the drop box."""
    return f"{manifest_path}.json"


def result_blob(job: JobId, name: str) -> str:
    """In `results`: a file of the job's own folder."""
    return f"{job}/{name}"


def leads_elsewhere(name: str) -> bool:
    """Would this name of a blob, as the end of an address, be resolved to another one?"""
    return "." in name and any(step in (".", "..") for step in name.split("/"))


def _hex(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
