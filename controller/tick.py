"""The timer's round over the open jobs: short passes by a few threads. Shell.

Jobs that may hold pools come first, a crowd that only waits behind them; among each the most overdue first. Jobs that
there is no time for are left to the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from controller import hours, line, shares, store
from controller.budget import Budget
from controller.deployment import Deployment
from controller.known import KnownRecords
from controller.quota import Room, cores_of, first_cores, rooms
from controller.reconcile import reconcile
from controller.session import HANDED_OVER
from controller.threads import each
from shared.codes import Code
from shared.errors import BatchdropError, Conflict, OutOfTime
from shared.logs import note
from shared.names import JobId
from shared.ports import BlobPort, Ports
from shared.record import Record

log = logging.getLogger("batchdrop.tick")
THREADS = 8


def tick(ports: Ports, deployment: Deployment, until: datetime) -> int:
    """One round; how many jobs were looked at."""
    records = open_records(ports, deployment.known)
    rules, now = deployment.rules(), ports.clock.now()
    if rules.hours_per_day is not None:
        hours.sum_up(records, ports.control, now)
    called = divided(records, ports) | formed(records, ports, now)
    due = [record for record in records if record.next_look <= now or record.job in called]
    due.sort(key=lambda record: (record.admitted is None and record.job not in called, record.next_look))

    def look(record: Record) -> None:
        try:
            if ports.locks.held(record.job):
                return
            if ports.clock.now() < until:
                reconcile(record.job, ports, Budget(until, long=False), rules)
            else:
                call_later(record.job, ports)
        except OutOfTime:
            raise
        except BatchdropError as error:
            note(log, "not looked at", logging.WARNING, job=record.job, why=error)

    each(THREADS, look, due)
    return len(due)


def call_later(job: JobId, ports: Ports) -> None:
    """Leave a job that there was no time for to the queue."""
    loaded = store.load(ports.control, job)
    if loaded is None:
        return
    now = ports.clock.now()
    record = loaded.record.model_copy(update={"wake": loaded.record.wake + 1, "next_look": now + HANDED_OVER})
    try:
        saved = store.save(ports.control, loaded, record)
    except Conflict:
        return
    ports.queue.send({"kind": "job", "job": job, "wake": saved.record.wake})


def divided(records: list[Record], ports: Ports) -> frozenset[JobId]:
    """The jobs on shared pools that get another share; where Batch does not answer, shares stay as they are."""
    try:
        return shares.form(records, ports)
    except BatchdropError as error:
        note(log, "the slots of shared pools were not divided", logging.WARNING, why=error)
        return frozenset()


def open_records(ports: Ports, known: KnownRecords) -> list[Record]:
    """Records of all open markers, oldest manifest first. A marker whose record is archived is closed here."""
    jobs = list(store.open_jobs(ports.control))
    etags = known.look(ports.control, jobs)
    found = each(THREADS, lambda job: read(job, ports, partial(known.load, etags=etags)), jobs)
    return [record for record in found if record is not None]


def read(job: JobId, ports: Ports, load: Callable[[BlobPort, JobId], store.Loaded | None]) -> Record | None:
    try:
        loaded = load(ports.control, job)
    except OutOfTime:
        raise
    except BatchdropError as error:
        note(log, "cannot be read", logging.WARNING, job=job, why=error)
        return None
    if loaded is not None and loaded.record.archived is not None:
        store.close_marker(ports.control, loaded.record)
        return None
    return loaded.record if loaded else None


def formed(records: list[Record], ports: Ports, now: datetime) -> frozenset[JobId]:
    """The jobs whose turn it is. Where no one waits for quota nothing is asked."""
    waiting = [record for record in records if any(each.code == Code.QUOTA_FULL for each in record.waiting)]
    jobs = tuple(record.job for record in waiting if record.admitted is None)
    ranks = tuple(record.job for record in records if without_node(record)) if waiting else ()
    formed = line.form(ports.control, jobs, ranks, room_for_more(ports) if jobs else (), without_cores(waiting))
    ahead = (record for record in waiting if record.admitted is None)
    return frozenset(record.job for record in ahead if formed.lets(record.job, now, first_cores(record)))


def without_cores(waiting: Sequence[Record]) -> dict[str, datetime]:
    """Cores that jobs with a pool wait for in vain, and until when nobody is admitted behind them: to the same VM size
    as long as they wait, to others, which may fit, for a while."""
    found = dict[str, datetime]()
    with_pool = [each for each in waiting if each.admitted is not None and each.shared_pool is None]
    for record in with_pool:
        for why in record.waiting:
            if why.code == Code.QUOTA_FULL:
                kind, same_size = cores_of(record.plan.manifest.compute.vm_size, spot=record.on_spot)
                awhile = why.since + line.CLOSED
                for cores, until in ((kind, awhile), (same_size, why.gives_up_at or awhile)):
                    found[cores] = max(found.get(cores, until), until)
    return found


def without_node(record: Record) -> bool:
    """Is it open, its input there, and no node has run for it?"""
    return record.input is not None and record.verdict is None and record.first_node is None


def room_for_more(ports: Ports) -> tuple[Room, ...]:
    """How many more pools and jobs the account takes; nothing where that cannot be told."""
    try:
        quotas = ports.batch.quotas()
        return rooms(quotas, ports.batch.in_use()) if quotas is not None else ()
    except BatchdropError as error:
        note(log, "the room of the account was not counted", logging.WARNING, why=error)
        return ()
