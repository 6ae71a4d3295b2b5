"""The timer's round over the open jobs: short passes, the most overdue first, by a few threads. Shell.

Jobs that there is no time for are left to the queue.

A platform timer can stop for good. So each tick leaves one tick message, delayed by five minutes, under a number kept
in `batchdrop/tick`: when no tick has renewed the number by then, the message is the next tick.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta

from controller import line, shares, store
from controller.budget import Budget
from controller.deployment import Deployment
from controller.reconcile import call_later, reconcile
from controller.store import Marker
from controller.threads import each
from shared.codes import Code
from shared.errors import BatchdropError, Conflict
from shared.logs import note
from shared.names import STATE, JobId
from shared.ports import ABSENT, Condition, Ports
from shared.record import Record

log = logging.getLogger("batchdrop.tick")
THREADS = 8
SECOND_CLOCK = timedelta(minutes=5)
TICK = "tick"


def tick(ports: Ports, deployment: Deployment, until: datetime) -> int:
    """One round; how many jobs were looked at."""
    records = open_records(ports)
    line.form(ports.control, in_line(records))
    changed = divided(records, ports)
    now = ports.clock.now()
    due = sorted((r for r in records if r.next_look <= now or r.job in changed), key=lambda r: r.next_look)
    rules = deployment.rules()

    def look(record: Record) -> None:
        try:
            if ports.locks.held(record.job):
                return
            if ports.clock.now() < until:
                reconcile(record.job, ports, Budget(until, long=False), rules)
            else:
                call_later(record.job, ports)
        except BatchdropError as error:
            note(log, "not looked at", logging.WARNING, job=record.job, why=error)

    each(THREADS, look, due)
    return len(due)


def divided(records: list[Record], ports: Ports) -> frozenset[JobId]:
    """The jobs on shared pools that get another share; where Batch does not answer, shares stay as they are."""
    try:
        return shares.form(records, ports)
    except BatchdropError as error:
        note(log, "the slots of shared pools were not divided", logging.WARNING, why=error)
        return frozenset()


def open_records(ports: Ports) -> list[Record]:
    """Records of all open markers, oldest manifest first. A marker whose record is archived is closed here."""
    found = each(THREADS, lambda marker: read(marker, ports), list(store.markers(ports.control)))
    return [record for record in found if record is not None]


def read(marker: Marker, ports: Ports) -> Record | None:
    try:
        loaded = store.load(ports.control, marker.job)
    except BatchdropError as error:
        note(log, "cannot be read", logging.WARNING, job=marker.job, why=error)
        return None
    if loaded is not None and loaded.record.archived is not None:
        store.close_marker(ports.control, loaded.record)
        return None
    return loaded.record if loaded else None


def in_line(records: list[Record]) -> tuple[str, ...]:
    """Jobs that wait for quota, by age."""
    return tuple(
        record.job
        for record in records
        if record.admitted is None and any(waiting.code == Code.QUOTA_FULL for waiting in record.waiting)
    )


def keep_ticking(ports: Ports, number: int | None) -> bool:
    """Renew the number and leave the next message. False for a message whose number is not the newest: it is dropped.

    `number` None: the platform's timer, which is always right, but renews only once in a while.
    """
    blob = ports.control.read(STATE, TICK)
    state = json.loads(blob.content) if blob else {"number": 0}
    now = ports.clock.now()
    if number is not None and state["number"] != number:
        return False
    if number is None and blob is not None and now - blob.item.modified < SECOND_CLOCK / 5:
        return True
    following = {"number": state["number"] + 1}
    when = Condition(etag=blob.item.etag) if blob else ABSENT
    try:
        ports.control.put(STATE, TICK, json.dumps(following).encode(), when=when)
    except Conflict:
        return number is None
    ports.queue.send({"kind": "tick", "number": following["number"]}, SECOND_CLOCK)
    return True
