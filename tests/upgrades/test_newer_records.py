"""A deployment meets records that only a newer one understands: it names them and touches nothing of theirs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from controller import api, triggers
from shared.names import JOBS, RESULTS, STATE, JobId, record_blob
from shared.record import VERSION
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number
from tests.upgrades.frozen_world import frozen

TRIGGERS: dict[str, Callable[[Ground, str], None]] = {
    "drop": lambda ground, job: ground.event(),
    "tick": lambda ground, job: ground.tick(),
    "sweep": lambda ground, job: ground.sweep(),
    "reaper": lambda ground, job: ground.reap(),
    "message": lambda ground, job: triggers.on_wake(
        {"kind": "job", "job": job, "wake": 0}, ground.world.ports, ground.deployment
    ),
    "lost message": lambda ground, job: triggers.on_poison(
        {"kind": "job", "job": job}, ground.world.ports, ground.deployment
    ),
    "retry": lambda ground, job: ground.drop(f"version: 1\ninput: {{retryOf: {job}}}\n", "retry.yaml"),
}


def make_newer(ground: Ground, job: str) -> bytes:
    """The record as the next version might write it."""
    raw = json.loads(ground._state(record_blob(JobId(job))))
    content = json.dumps({**raw, "version": VERSION + 1, "newFact": {"deep": [1]}}).encode()
    ground.world.control.put(STATE, record_blob(JobId(job)), content)
    return content


def running() -> tuple[Ground, str, bytes]:
    """A job of the newer deployment with its pool, tasks and containers; a manifest of ours beside it."""
    ground = Ground()
    ground.drop(RANGE)
    ground.round(number, most=1)
    job = ground.status()["jobId"]
    return ground, job, make_newer(ground, job)


def of_job(ground: Ground, job: str) -> dict[str, Any]:
    """All that is that job's: its machines, its containers, its state and its results."""
    raw = frozen(ground.world)
    blobs = [blob for place in (STATE, JOBS) for blob in raw["control"][place]["blobs"] if job in blob["name"]]
    results = [blob for blob in raw["work"][RESULTS]["blobs"] if job in blob["name"]]
    own = {name: found for name, found in raw["work"].items() if name.startswith(job)}
    return {"pools": raw["pools"], "jobs": raw["jobs"], "blobs": blobs, "results": results, "own": own}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_newer_record_is_left_alone_and_named(trigger: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of the job changes, whatever comes in; the log says which version it has."""
    ground, job, _ = running()
    ground.world.clock.advance(timedelta(days=2))
    before = of_job(ground, job)
    with caplog.at_level(logging.WARNING):
        TRIGGERS[trigger](ground, job)
    assert of_job(ground, job) == before
    assert f"record of {job} has version {VERSION + 1}; this deployment reads up to {VERSION}" in caplog.text


def test_a_newer_record_does_not_stop_the_others() -> None:
    """A job of ours that nobody announced runs to its end beside it; the reaper still reaps."""
    ground, job, content = running()
    ground.drop(RANGE, "mine.yaml", announce=0)
    ground.sweep()
    for _ in range(20):
        ground.round(number)
    assert ground.status("mine.yaml")["state"] == "succeeded"
    ground.world.clock.advance(timedelta(days=1))
    ground.reap()
    assert ground._state(record_blob(JobId(job))) == content


def test_a_pass_that_a_newer_deployment_overtakes_stops() -> None:
    """The upgrade comes between the look and the save: the older worker saves nothing and deletes nothing."""
    ground, job, _ = running()
    raw = json.loads(ground._state(record_blob(JobId(job))))
    ground.world.control.put(
        STATE,
        record_blob(JobId(job)),
        json.dumps({**raw, "version": VERSION}).replace(', "newFact": {"deep": [1]}', "").encode(),
    )
    newer: list[bytes] = []
    put = ground.world.control.put

    class Overtaken:
        def __getattr__(self, name: str) -> Any:
            return getattr(ground.world.control, name)

        def put(self, container: str, name: str, content: bytes, **more: Any) -> str:
            if container == STATE and name == record_blob(JobId(job)) and not newer:
                newer.append(make_newer(ground, job))
            return str(put(container, name, content, **more))

    from dataclasses import replace

    control: Any = Overtaken()
    ports = replace(ground.world.ports, control=control)
    before = ground.left()
    triggers.on_tick(ports, ground.deployment)
    assert newer
    assert ground._state(record_blob(JobId(job))) == newer[0]
    assert ground.left() == before


def test_http_says_that_a_record_is_newer() -> None:
    """503 with the version, for reading and for cancelling; no `.cancel` is written."""
    ground, job, _ = running()
    for status, answer in (api.read_job(job, ground.world.ports), api.cancel(job, ground.world.ports)):
        assert status == 503
        assert str(VERSION + 1) in answer["problems"][0]["message"]
    assert ground.world.control.head(JOBS, "job.yaml.cancel") is None
