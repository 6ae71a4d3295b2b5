"""A manifest that retries a job, at its acceptance: which job, may it be, and that its containers stay. Shell.

The pin is written before the job is looked at for the last time, and the job's own passes look for pins only once its
date has come: whoever is second sees the other. A pin whose retry was never claimed is the reaper's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from controller import store
from controller.forecast import nodes_for
from controller.retryable import retry_until, why_not
from controller.rules.case import known_units
from shared.errors import Problem, Rejected
from shared.manifest.findings import Wrong
from shared.manifest.models import Manifest
from shared.manifest.retried import Parent, Parents
from shared.names import RESULTS, JobId, input_container, output_container
from shared.ports import Ports
from shared.record import Counts, Plan, Record, Retry

SKEW = timedelta(minutes=1)
"""The clocks of two workers never differ by more."""
FIX = "copy retry.yaml of an ended job while its containers are there; after that drop the job's own manifest again"


def parents(ports: Ports) -> Parents:
    """The jobs that `input.retryOf` may name."""
    return lambda job: find(JobId(job), ports)


def find(job: JobId, ports: Ports) -> Parent:
    loaded = store.load(ports.control, job)
    if loaded is None:
        raise Wrong("retryOf", f"there is no job {job}", FIX)
    document = store.said(ports.control, job)
    if document is None:
        raise Wrong("retryOf", f"{job} is too old: what its manifest said is gone (retention.results)", FIX)
    manifest = store.parsed_manifest(ports.control, loaded.record)
    return Parent(job, manifest, document, published(loaded.record))


def published(record: Record) -> str | None:
    """Where its result is, if a retry's may take its place: not in the folder that only the job itself writes to."""
    to = record.plan.to
    there = to is not None and record.merged is not None and record.merged.path == to
    return to if there and to is not None and not to.startswith(f"{RESULTS}/{record.job}/") else None


def retry_of(manifest: Manifest, ports: Ports, now: datetime) -> Retry | None:
    """Which jobs a manifest goes back to; None where it has an input of its own. Rejected where the first of them
    cannot be retried (any more)."""
    if manifest.input.retry_of is None:
        return None
    loaded = store.load(ports.control, JobId(manifest.input.retry_of))
    if loaded is None:
        raise rejected(f"there is no job {manifest.input.retry_of}")
    record = loaded.record
    why = why_not(record) or gone(record, ports, now) or uncollected(record, manifest)
    if why is not None:
        raise rejected(f"{record.job} {why}")
    return Retry(of=(record.job, *(record.retry.of if record.retry else ())))


def gone(record: Record, ports: Ports, now: datetime) -> str | None:
    """Why its outputs are not there, or will not stay."""
    until = retry_until(record)
    if until is None or now + SKEW >= until:
        return f"kept its containers until {until:%Y-%m-%dT%H:%M:%SZ}, which is over" if until else "kept no containers"
    names = (input_container(record.job), output_container(record.job))
    missing = [name for name in names if not ports.work.container_exists(name)]
    return f"has lost its container {missing[0]}" if missing else None


def uncollected(record: Record, manifest: Manifest) -> str | None:
    if record.plan.manifest.merge.by != "none" or manifest.merge.by == "none":
        return None
    return "collected no outputs (merge.by: none), so that there is nothing to merge with: say merge.by: none here too"


def rejected(message: str) -> Rejected:
    return Rejected((Problem("input.retryOf", "retryOf", message, FIX),))


def hold(retry: Retry | None, manifest: Manifest, job: JobId, ports: Ports) -> None:
    """Pin the containers, then look once more whether they are there to stay."""
    if retry is None:
        return
    store.pin(ports.control, retry.of[0], job)
    try:
        retry_of(manifest, ports, ports.clock.now())
    except Rejected:
        store.unpin(ports.control, retry.of[0], job)
        raise


def forecast_retry(manifest: Manifest, plan: Plan, ports: Ports) -> dict[str, Any]:
    """The plan of a dry run: tasks and nodes of what is left to do, units and bytes of the whole."""
    loaded = store.load(ports.control, JobId(manifest.input.retry_of or ""))
    verdict = loaded.record.verdict if loaded else None
    bad = verdict.tasks if verdict else Counts()
    tasks = bad.failed + bad.skipped + bad.not_run
    return {
        "tasks": tasks,
        "units": known_units(loaded.record) if loaded else None,
        "unitKind": plan.unit_kind,
        "bytes": loaded.record.input.bytes if loaded and loaded.record.input else None,
        "nodes": nodes_for(manifest, tasks),
        "readsWholeInput": False,
    }
