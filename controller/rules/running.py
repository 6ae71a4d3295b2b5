"""Rows while tasks run, up to the verdict. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from controller.outcome import allowed
from controller.rules import bad_nodes, reimaging, spending
from controller.rules.case import Case, Decision, Row, known_units
from controller.rules.conditions import fatal, hopeless, nodes_of, outgrown, quiet, waiting
from controller.rules.progress import firsts, progress, usage
from shared.actions import JudgeCanary, LimitTasks, NoteTakings, ReimageNodes, Review, Settle
from shared.record import Record


def judge_canary(case: Case) -> Decision | None:
    """The one task that is out alone has ended, by the list."""
    if not case.record.tries_canary or not case.seen.counts.completed or case.seen.unfinished:
        return None
    return case.go(JudgeCanary(), progress=progress(case), usage=usage(case), **firsts(case))


def all_ended(case: Case) -> Decision | None:
    """Counts lag, so the list has the last word."""
    if case.record.tries_canary or case.seen.counts.completed < case.record.to_run or case.seen.unfinished:
        return None
    ended = case.record.tasks_ended or case.now
    return case.go(Settle("ended"), tasks_ended=ended, progress=progress(case), usage=usage(case), **firsts(case))


def something_failed(case: Case) -> Decision | None:
    failed = case.seen.counts.failed
    if failed <= case.record.failures_read or case.record.tries_canary:
        return None
    return case.go(Review(failed), progress=progress(case), usage=usage(case), **firsts(case))


def too_much_reported(case: Case) -> Decision | None:
    """Units count, whoever says that they failed. What a retry makes of a report is known at its end only."""
    record = case.record
    if record.retry is not None or record.tries_canary:
        return None
    most = allowed(record.plan.manifest.tolerated, known_units(record) or 0)
    if not case.seen.reported or case.seen.reported + record.so_far.failed <= most:
        return None
    return case.go(Settle("stopped"), progress=progress(case), usage=usage(case), **firsts(case))


def unable(case: Case) -> Decision | None:
    """The pool can never run a task, or no task any more: an image that is not there, no usable node."""
    failure = fatal(case) or hopeless(case) or outgrown(case)
    if failure is None:
        return None
    how: Literal["early", "stopped"] = "early" if case.record.first_task is None else "stopped"
    return case.go(Settle(how, failure), progress=progress(case), usage=usage(case))


def share_slots(case: Case) -> Decision | None:
    """On a shared pool the jobs take turns: see `controller.shares`."""
    if case.record.shared_pool is None or case.seen.share == case.record.share:
        return None
    return case.go(LimitTasks(case.seen.share), share=case.seen.share)


def reimage(case: Case) -> Decision | None:
    """Noted before it is asked for: a death in between gives none away. On a shared pool nothing is done."""
    if case.record.shared_pool is not None or case.record.drained is not None:
        return None
    nodes = nodes_of(case)
    noted = reimaging.with_new(nodes)
    if noted is not None:
        return case.wait(timedelta(0), reimaged=noted)
    due = reimaging.due(nodes)
    return case.wait(case.shortest, ReimageNodes(due), **seen_facts(case)) if due else None


def running(case: Case) -> Decision | None:
    return case.wait(next_poll(case), notes(case), **seen_facts(case))


def seen_facts(case: Case) -> dict[str, Any]:
    """What a look adds to the record where it changes nothing else."""
    return firsts(case) | {
        "progress": progress(case),
        "usage": usage(case),
        "failures_read": min(case.record.failures_read, case.seen.counts.failed),  # fewer once some run again
        "quiet_since": quiet(case),
        "short_since": spending.short_since(case),
        "warnings": bad_nodes.warnings(case),
        "waiting": waiting(case),
    }


def notes(case: Case) -> NoteTakings | None:
    """What the next look is to be compared with, where that has changed."""
    takings = case.seen.takings
    return NoteTakings(takings) if takings is not None and takings != case.seen.noted else None


def next_poll(case: Case) -> timedelta:
    """A tenth of what the job is expected to need still, between the two limits of the pace."""
    left = expected_left(case)
    if left is None:
        return case.shortest
    return timedelta(seconds=min(max(left / 10, case.pace.shortest), case.pace.longest))


def expected_left(case: Case) -> float | None:
    """Seconds until the last task ends, at the speed so far; None before the first has ended."""
    done, started = case.seen.counts.completed, case.record.first_task
    if not done or started is None:
        return None
    return (case.now - started).total_seconds() / done * (case.record.to_run - done)


def is_running(record: Record) -> bool:
    """Are tasks out and no verdict yet?"""
    return record.batch_job is not None and record.verdict is None


ROWS = (
    Row("judge canary", "the canary has ended", "judge its end", "passed, a verdict, or it runs again", judge_canary),
    Row("all ended", "every task has completed, by the list", "settle", "verdict, or tasks run again", all_ended),
    Row(
        "something failed",
        "more tasks failed than were read",
        "review them",
        "verdict, or tasks run again",
        something_failed,
    ),
    Row(
        "too much reported",
        "tasks report more failed units than are tolerated",
        "settle what ran",
        "verdict",
        too_much_reported,
    ),
    Row("reimage nodes", "own nodes could not fetch reference data", "reimage them", "reimaged", reimage),
    Row("unable", "the pool can run no task, or none any more", "settle", "verdict of that reason", unable),
    *spending.ROWS,
    Row(
        "share slots",
        "a shared pool, and another share of it",
        "limit the tasks that run at once",
        "share",
        share_slots,
    ),
    Row("running", "tasks are at work", "look again later", "progress", running),
)
