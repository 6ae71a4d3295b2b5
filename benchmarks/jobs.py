"""Jobs as the controller's own entry points take them: dropped, accepted, brought on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from benchmarks.world import World
from controller import store
from controller.accept import accept
from controller.budget import Budget
from controller.deployment import Deployment
from controller.reconcile import reconcile
from controller.session import Rules, Session
from controller.steps.work import Work
from shared.names import JOBS, STATUS, JobId, owner, status_blob
from shared.policy import Policy, parse_policy
from shared.record import Record
from shared.specs import Site

ENOUGH = timedelta(hours=6)
POLICY = b"""
version: 1
images: ["localhost/*"]
read: ["data/**"]
write: ["results/**"]
vmSizes: {Standard_D2s_v5: {cores: 2}}
caps: {maxNodes: 10}
defaults: {compute: {vmSize: Standard_D2s_v5}}
"""
Step = Callable[[Record, Work], Record]


@lru_cache(maxsize=1)
def policy() -> Policy:
    return parse_policy(POLICY)


def deployment() -> Deployment:
    return Deployment(owner("benchmarks", "benchmarks"), policy)


def drop(world: World, name: str, manifest: dict[str, Any]) -> JobId:
    """The job of a manifest, accepted and nothing more."""
    full = {"version": 1, "container": {"image": "localhost/bench:1"}, **manifest}
    path = f"{name}.json"
    world.ports.control.put(JOBS, path, json.dumps(full).encode())
    job = accept(path, world.ports, deployment())
    if job is None:
        said = world.ports.control.read(STATUS, status_blob(path))
        raise SystemExit(f"{path} was not accepted: {said.content.decode() if said else ''}")
    return job


def bring_on(world: World, job: JobId, seconds: float, *, long: bool = True) -> Record:
    """One trigger's work on a job: as far as it goes, for `seconds` at most."""
    until = world.ports.clock.now() + timedelta(seconds=seconds)
    record = reconcile(job, world.ports, Budget(until, long), deployment().rules())
    if record is None or record.verdict is not None or record.waiting:
        raise SystemExit(f"{job} did not come on: {record and (record.verdict or record.waiting)}")
    return record


def take_step(world: World, job: JobId, do: Step) -> Record:
    """One step on the record as it is stored, its cursor saved every few seconds, its end saved."""
    loaded = store.load(world.ports.control, job)
    if loaded is None:
        raise SystemExit(f"{job} has no record")
    now = world.ports.clock.now()
    session = Session(world.ports, Budget(now + ENOUGH, long=True), Rules(), loaded)
    session.save(do(session.record, Work(world.ports, now, Site(), session.checkpoint)))
    return session.record
