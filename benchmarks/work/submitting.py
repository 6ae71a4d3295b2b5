"""Numbers as tasks: from the manifest to the last task in Batch."""

from __future__ import annotations

from itertools import islice
from typing import Any

from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential

from benchmarks.jobs import ENOUGH, bring_on, drop
from benchmarks.world import World, open_world
from controller import ledger, store
from controller.tasks import Setting, latest_end, make_task
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from shared.azure.node_access import SignedAccess
from shared.azure.task_bodies import task_body
from shared.names import JobId


def submit(place: dict[str, Any], name: str, tasks: int) -> dict[str, Any]:
    """A new job, brought to where all its tasks are in Batch."""
    world = open_world(place)
    started = world.look()
    job = drop(world, name, of_numbers(tasks))
    record = bring_on(world, job, ENOUGH.total_seconds())
    return {"seen": vars(world.look() - started), "job": job, "added": record.added, "batch": in_batch(world, job)}


def go_on(place: dict[str, Any], name: str, tasks: int, job: str | None, seconds: float) -> dict[str, Any]:
    """One pass over such a job, ended by its deadline after `seconds`. `job`: None in the first, which drops it."""
    world = open_world(place)
    started = world.look()
    known = JobId(job) if job else drop(world, name, of_numbers(tasks))
    record = bring_on(world, known, seconds)
    seen = vars(world.look() - started)
    there = in_batch(world, known) if record.added == tasks else 0
    return {"seen": seen, "job": known, "rows": record.split.rows, "added": record.added, "batch": there}


def one_by_one(place: dict[str, Any], job: str, tasks: int) -> dict[str, Any]:
    """The same tasks as a loop adds them, one SDK model and one request each, into a Batch job of their own.

    Both jobs and their pool are deleted then, so that the next measurement begins on an empty account.
    """
    world = open_world(place)
    loaded = store.load(world.ports.control, JobId(job))
    if loaded is None:
        raise SystemExit(f"{job} has no record")
    record = loaded.record
    manifest = store.parsed_manifest(world.ports.control, record)
    setting = Setting(record.job, manifest, "numbers", record.split.rows, latest_end(record.accepted, manifest))
    rows = list(islice(ledger.rows(record, world.ports.control, 0, sources=True), tasks))
    other, key = f"{job}-loop", AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)
    with BatchClient(world.place.batch, key) as client:
        pool = models.BatchPoolInfo(pool_id=job)
        client.create_job(models.BatchJobCreateOptions(id=other, pool_info=pool))
        access = SignedAccess(world.work)
        started = world.look()
        for row in rows:
            body = task_body(make_task(setting, row), access)
            client.create_task(other, models.BatchTaskCreateOptions(body))
        seen = world.look() - started
    for made in (other, job):
        world.ports.batch.delete_job(made)
    world.ports.batch.delete_pool(job)
    return {"seen": vars(seen), "tasks": len(rows)}


def of_numbers(tasks: int) -> dict[str, Any]:
    """A manifest with a task a number, delivered by environment; nothing is collected."""
    numbers = {"range": {"start": 0, "stop": tasks}}
    return {"input": numbers, "split": {"unitsPerTask": 1}, "merge": {"by": "none"}}


def in_batch(world: World, job: JobId) -> int:
    counts = world.ports.batch.task_counts(job)
    return counts.active + counts.running + counts.completed
