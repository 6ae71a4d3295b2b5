"""The outputs of many tasks into one result: listed, frozen, joined, committed."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.jobs import ENOUGH, bring_on, drop, take_step
from benchmarks.work.raw import hash_of, write_outputs
from benchmarks.world import open_world
from controller import store
from controller.plan import own_result
from controller.steps.finish import merge_outputs
from controller.steps.settle import settle
from shared.actions import Settle
from shared.names import STATE, JobId, output_container, record_blob


def begin(place: dict[str, Any], name: str, files: str, output: str) -> dict[str, Any]:
    """A job whose tasks are all in Batch, none of which has failed, and their outputs: a file of the folder each."""
    world = open_world(place)
    tasks = len(os.listdir(files))
    job = drop(world, name, {"input": {"range": {"start": 0, "stop": tasks}}, "merge": {"by": "concat"}})
    record = bring_on(world, job, ENOUGH.total_seconds())
    if record.added != tasks:
        raise SystemExit(f"{record.added} of {tasks} tasks were added")
    write_outputs(world, files, output_container(job), output)
    return {"job": job, "container": output_container(job)}


def merge(place: dict[str, Any], job: str, composes: bool) -> dict[str, Any]:
    """The verdict, which lists and freezes the outputs; then the merge. What it leaves is removed again.

    `composes`: may storage put blocks together by itself?
    """
    world = open_world(place, composes=composes)
    name = JobId(job)
    begun = store.load(world.ports.control, name)
    if begun is None:
        raise SystemExit(f"{job} has no record")
    started = world.look()
    take_step(world, name, lambda record, work: settle(record, Settle("ended"), work))
    frozen = world.look()
    record = take_step(world, name, merge_outputs)
    ended = world.look()
    if record.merged is None:
        raise SystemExit(f"{job} was not merged: {record.merge_failed}")
    container, _, blob = own_result(record.plan, name).partition("/")
    written = hash_of(world, container, blob)
    world.work.delete(container, blob)
    world.control.put(STATE, record_blob(name), store.serialise(begun.record))
    return {
        "freezing": vars(frozen - started),
        "merging": vars(ended - frozen),
        "bytes": record.merged.bytes,
        "sha256": written,
        "kind": record.merged.hash_kind,
    }
