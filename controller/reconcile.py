"""The loop. Every trigger ends here: load, observe, decide, apply, save, speak; again while there is something to do.

A pass saves once, under the ETag it loaded. Who loses the race reads again and, if the job is over by then, deletes
what it created. A long step takes the job's lock first and saves its cursor as it goes; where the trigger may not take
long steps, it is left to the queue with a wake number, so that doubled messages die at once.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from controller import line, store
from controller.apply import apply, undo
from controller.budget import Budget
from controller.decide import decide
from controller.observe import observe
from controller.quota import REFUSED
from controller.rules.case import Decision
from controller.session import HANDED_OVER, Rules, Session
from controller.setbacks import after_setback, given_up, returned, shut_out
from controller.steps.work import Work
from controller.voice import overdue, owes, speak
from shared.actions import Settle, is_long
from shared.errors import BatchdropError, Conflict, Defect, OutOfTime, QuotaFull, Refused, Unreadable
from shared.logs import about, broken, note
from shared.names import JobId
from shared.ports import Ports
from shared.record import Record
from shared.veil import VEIL

log = logging.getLogger("batchdrop.reconcile")
RACES = 3
"""How often one trigger reads again after a lost race."""
PASSES = 1000
"""More than any job needs in one trigger: a table that goes round in circles is a defect, not a hot loop."""


def reconcile(job: JobId, ports: Ports, budget: Budget, rules: Rules, wake: int | None = None) -> Record | None:
    """Bring one job as far as it goes now. None when there is no such record, or the message was an old one.

    Never raises for what the world does: trouble becomes `next_look`, a wait people can read, or a verdict.
    """
    loaded = readable(job, ports)
    if loaded is None or (wake is not None and loaded.record.wake != wake):
        return None
    session = Session(ports, budget, rules, loaded)
    with about(job):
        try:
            while not run_passes(session):
                pass
        finally:
            session.release()
    return session.record


def readable(job: JobId, ports: Ports) -> store.Loaded | None:
    """The record; None also for one that only a newer deployment understands: its job is that deployment's."""
    try:
        return store.load(ports.control, job)
    except Unreadable as error:
        note(log, "left alone", logging.ERROR, job=job, why=error)
        return None


def run_passes(session: Session) -> bool:
    """True when this trigger is done. Who lost a race reads again, and goes on where he holds the lock: nobody else
    would, before the two minutes are over that his last checkpoint asked for."""
    try:
        passes(session)
    except Conflict:
        note(log, "someone else saved it first")
        loaded = readable(session.record.job, session.ports)
        if loaded is None or session.lease is None or session.races >= RACES:
            return True
        session.loaded, session.races = loaded, session.races + 1
        return False
    return True


def passes(session: Session) -> None:
    for _ in range(PASSES):
        if not one_pass(session):
            return


def one_pass(session: Session) -> bool:
    """One round; True when another should follow at once."""
    now = session.ports.clock.now()
    if session.record.archived is not None:
        store.close_marker(session.ports.control, session.record)
        return False
    row = "speak"
    try:
        if overdue(session.record, now):
            say(session, now)
        if now >= session.budget.until:
            return leave_rest(session, now)
        decision = look(session, now)
        row = decision.row
        return follow(session, decision, now)
    except Conflict:
        raise
    except OutOfTime:
        return stay_in_time(session)
    except BatchdropError as error:
        return set_back(session, error, row)
    except Exception as error:  # noqa: BLE001 - told with its traceback, and counted
        broken(log, "defect", row=row)
        return set_back(session, Defect(VEIL.over(f"{type(error).__name__}: {error}")), row)


def leave_rest(session: Session, now: datetime) -> bool:
    """The time is up: what is due is left to the queue. Where services are slow no short pass would ever come to it."""
    if session.record.next_look <= now:
        leave_word(session, session.record, ended=False)
    return False


def say(session: Session, now: datetime) -> None:
    """Speak what is saved and not yet said."""
    if owes(session.record, now):
        session.save(speak(session.record, session.ports, now))


def look(session: Session, now: datetime) -> Decision:
    seen = observe(session.record, session.ports, now, session.rules)
    return decide(session.record, seen, now, session.rules.pace)


def follow(session: Session, decision: Decision, now: datetime) -> bool:
    """Do what was decided, or leave it to those who may."""
    if is_long(decision.action):
        if not session.budget.long:
            return hand_over(session, decision)
        if not session.take_lock():
            return False
        session.count_before(decision.row)
        defects = session.defects
        if defects is not None and given_up(defects, now) and not shut_out(session.record, defects, now):
            raise Defect(f"the step {decision.row!r} has begun {defects.count} times and never came on")
    done = apply_decision(session, decision, now)
    session.clear_defects()
    save_or_undo(session, decision, done)
    say(session, session.ports.clock.now())
    return session.record.next_look <= session.ports.clock.now()


def apply_decision(session: Session, decision: Decision, now: datetime) -> Record:
    """The record once the action is done, with its next look."""
    note(log, "row", name=decision.row)
    record = decision.record
    if decision.action is not None:
        session.begun = record
        work = Work(session.ports, now, session.rules.site, session.checkpoint)
        record = apply(decision.action, record, work)
    return record.model_copy(update={"next_look": decision.look})


def save_or_undo(session: Session, decision: Decision, record: Record) -> None:
    """Whoever wrote a record that we cannot read deletes what belongs to it."""
    try:
        session.save(record)
    except Conflict:
        with suppress(Unreadable):
            there = store.load(session.ports.control, record.job)
            undo(decision.action, there.record if there else None, record.job, session.ports)
        raise


def hand_over(session: Session, decision: Decision) -> bool:
    """Leave a long step to the queue: wake number and next look in one save, then the message."""
    if session.ports.locks.held(session.record.job):
        return False
    ended = isinstance(decision.action, Settle) and decision.action.how == "ended"
    leave_word(session, decision.record if ended else session.record, ended=ended)
    return False


def leave_word(session: Session, record: Record, *, ended: bool) -> None:
    """The event where tasks ended, else the message; both carry the wake number that was saved first. Once an event
    came to nothing, for whatever reason, the message is left as well: a topic may have no one who listens."""
    now, again = session.ports.clock.now(), session.record.announced
    word = {"wake": session.record.wake + 1, "next_look": now + HANDED_OVER, "announced": ended or again}
    session.save(record.model_copy(update=word))
    job, number = session.record.job, session.record.wake
    sent = ended and published(session, job, number)
    if again or not sent:
        session.ports.queue.send({"kind": "job", "job": job, "wake": number})


def published(session: Session, job: JobId, number: int) -> bool:
    """False where the topic does not take the event: that is told, and no trouble of the job's."""
    try:
        session.ports.events.tasks_ended(job, number, session.record.plan.manifest.labels)
    except OutOfTime:
        raise
    except BatchdropError as error:
        note(log, "event refused", logging.WARNING, why=error)
        return False
    return True


def stay_in_time(session: Session) -> bool:
    """The deadline, a lost lock or a cancel ended a long step: go on at once for a cancel, else by message."""
    session.clear_defects()
    now = session.ports.clock.now()
    if session.record.verdict is None and store.cancel_intended(session.ports.control, session.record.job):
        return now < session.budget.until
    if now + timedelta(seconds=5) >= session.budget.until:
        leave_word(session, session.record, ended=False)
    return False


def set_back(session: Session, error: BatchdropError, row: str) -> bool:
    """Something went wrong: it becomes a fact of the record, a wait, or a counted defect."""
    now = session.ports.clock.now()
    note(log, "set back", logging.WARNING, row=row, why=error)
    counted = isinstance(error, Defect | Refused)
    defects = session.count_now(row) if counted else None
    if not counted:
        session.clear_defects()
    place = None
    if isinstance(error, QuotaFull):
        joined = line.join(session.ports.control, session.record.job, now, REFUSED.get(error.code))
        place = joined.place(session.record.job)
    before = session.record
    session.save(after_setback(before, error, now, session.rules.pace, defects, place))
    session.defects = None
    for name in returned(before, session.record):
        give_back(session, name)
    say(session, now)
    return session.record.next_look <= now


def give_back(session: Session, name: str) -> None:
    """A Batch job of a job that is back in the line. One that stays is taken up again, or goes with the job."""
    try:
        session.ports.batch.delete_job(name)
    except BatchdropError as error:
        note(log, "the Batch job was not given back", logging.WARNING, why=error)
