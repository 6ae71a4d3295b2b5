"""What each trigger does: a short pass, a long one, or a word to the queue. Shell; `function_app` only decodes.

A busy service is no fault of a trigger: what it cut short is found again by the records' next look and the listings.
Only an event that could not be passed on and a tick that left no next one are given back: the host brings them again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from controller.accept import accept
from controller.budget import Budget
from controller.cancel import cancel_dropped
from controller.deployment import Deployment
from controller.dropbox import Kind, classify
from controller.reaper import reap
from controller.reconcile import reconcile
from controller.second_clock import call_late, hear, keep_ticking
from controller.sweep import sweep
from controller.tick import tick
from shared.errors import Transient, Unreadable
from shared.logs import note
from shared.names import JobId
from shared.ports import Ports

log = logging.getLogger("batchdrop.triggers")
BLOB_TIME = timedelta(seconds=60)
TICK_TIME = timedelta(seconds=20)


@contextmanager
def patient(trigger: str) -> Iterator[None]:
    """Inside the block a world that is busy ends the block, and nothing else."""
    try:
        yield
    except Transient as trouble:
        note(log, "cut short", logging.WARNING, trigger=trigger, why=trouble)


def on_drop(path: str, ports: Ports, deployment: Deployment) -> None:
    """A blob arrived in the drop box: accept it and go on, long steps included, for up to a minute."""
    with patient("drop"):
        take(path, ports, deployment)


def take(path: str, ports: Ports, deployment: Deployment) -> None:
    until = ports.clock.now() + BLOB_TIME
    if classify(path) is Kind.CANCEL:
        for meant in cancel_dropped(path, ports):
            reconcile(meant, ports, Budget(until, long=True), deployment.rules())
        return
    try:
        job = accept(path, ports, deployment)
    except (Transient, Unreadable) as trouble:
        note(log, "not accepted yet", logging.WARNING, manifest=path, why=trouble)
        return
    if job is not None:
        reconcile(job, ports, Budget(until, long=True), deployment.rules())


def on_wake(message: Mapping[str, Any], ports: Ports, deployment: Deployment) -> None:
    """A message of our own: long steps have their place here."""
    match message.get("kind"):
        case "job":
            until = ports.clock.now() + deployment.pass_time
            wake = message.get("wake")
            with patient("wake"):
                reconcile(JobId(str(message["job"])), ports, Budget(until, long=True), deployment.rules(), wake)
        case "tick":
            if keep_ticking(ports, int(message.get("number", -1))):
                look_around(ports, deployment)
        case "sweep":
            on_sweep(ports, deployment)
        case "reap":
            on_reap(ports, deployment)
        case other:
            note(log, "a message of unknown kind was dropped", logging.ERROR, kind=other)


def on_poison(message: Mapping[str, Any], ports: Ports, deployment: Deployment) -> None:
    """A hint was lost. It is no verdict on its job: look again, shortly. With a tick, the second clock starts anew."""
    note(log, "a message was given up by the host", logging.ERROR, message=dict(message))
    if message.get("kind") == "job":
        until = ports.clock.now() + TICK_TIME
        with patient("poison"):
            reconcile(JobId(str(message["job"])), ports, Budget(until, long=False), deployment.rules())
    elif keep_ticking(ports, None):
        look_around(ports, deployment)


def on_tick(ports: Ports, deployment: Deployment) -> None:
    """The timer: look after the open jobs, and leave a tick message in case the timer stops."""
    with patient("second clock"):
        keep_ticking(ports, None)
    look_around(ports, deployment)


def look_around(ports: Ports, deployment: Deployment) -> None:
    """Open jobs, and timers that are silent."""
    with patient("tick"):
        tick(ports, deployment, ports.clock.now() + TICK_TIME)
    with patient("other timers"):
        call_late(ports)


def on_sweep(ports: Ports, deployment: Deployment) -> None:
    """The drop box is the truth: accept what nobody announced. At start it is the first to wind up the second clock."""
    with patient("second clock"):
        keep_ticking(ports, None)
    with patient("sweep"):
        hear(ports, "sweep")
        sweep(ports, deployment)


def on_reap(ports: Ports, deployment: Deployment) -> None:
    """Hourly: delete what no job owns any more."""
    with patient("reap"):
        hear(ports, "reap")
        reap(ports, deployment)


def on_tasks_ended(event: Mapping[str, Any], ports: Ports, deployment: Deployment) -> None:
    """Event Grid waits 30 seconds and resends whole batches: only leave a message."""
    ports.queue.send({"kind": "job", "job": str(event["job"]), "wake": int(event["wake"])})
