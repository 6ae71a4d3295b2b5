"""Rows while tasks run, up to the verdict. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from controller.rules.case import Case, Decision, Row
from controller.rules.conditions import fatal, hopeless, quiet, waiting
from shared.actions import Review, Settle
from shared.record import Progress, Record, Usage


def all_ended(case: Case) -> Decision | None:
    """Counts lag, so the list has the last word."""
    if case.seen.counts.completed < case.record.split.rows or case.seen.unfinished:
        return None
    ended = case.record.tasks_ended or case.now
    return case.go(Settle("ended"), tasks_ended=ended, progress=progress(case), usage=usage(case), **firsts(case))


def something_failed(case: Case) -> Decision | None:
    if case.seen.counts.failed <= case.record.failures_read:
        return None
    facts = firsts(case) | {"progress": progress(case), "usage": usage(case)}
    return case.go(Review(), failures_read=case.seen.counts.failed, **facts)


def unable(case: Case) -> Decision | None:
    """The pool can never run a task: an image that is not there, a start task that fails, no usable node."""
    failure = fatal(case) or hopeless(case)
    if failure is None:
        return None
    return case.go(Settle("early", failure), progress=progress(case), usage=usage(case))


def running(case: Case) -> Decision | None:
    facts = firsts(case) | {"progress": progress(case), "usage": usage(case), "quiet_since": quiet(case)}
    return case.wait(next_poll(case), waiting=waiting(case), **facts)


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
    return (case.now - started).total_seconds() / done * (case.record.split.rows - done)


def firsts(case: Case) -> dict[str, Any]:
    """When the first node and the first task were seen."""
    record, counts, nodes = case.record, case.seen.counts, case.seen.nodes
    facts: dict[str, Any] = {}
    begun = counts.running + counts.completed > 0
    if record.first_node is None and (nodes.running + nodes.idle > 0 or begun):
        facts["first_node"] = case.now
    if record.first_task is None and begun:
        facts["first_task"] = case.now
    return facts


def progress(case: Case) -> Progress:
    counts, nodes, pool = case.seen.counts, case.seen.nodes, case.seen.pool
    return Progress(
        at=case.now,
        active=counts.active,
        running=counts.running,
        succeeded=counts.succeeded,
        failed=counts.failed,
        nodes_running=nodes.running + nodes.idle,
        nodes_starting=nodes.starting,
        nodes_target=pool.target if pool else 0,
        preempted_now=nodes.preempted,
    )


def usage(case: Case) -> Usage:
    """Node time since the last look (a node is paid for in any state), and rises of preempted nodes: a lower bound."""
    record, nodes = case.record, case.seen.nodes
    before = record.progress
    seconds = (case.now - before.at).total_seconds() if before else 0.0
    rise = max(0, nodes.preempted - (before.preempted_now if before else 0))
    return record.usage.model_copy(
        update={
            "node_seconds": record.usage.node_seconds + seconds * nodes.total,
            "spot_node_seconds": record.usage.spot_node_seconds + seconds * nodes.spot,
            "preemptions": record.usage.preemptions + rise,
        }
    )


def is_running(record: Record) -> bool:
    """Are tasks out and no verdict yet?"""
    return record.batch_job is not None and record.verdict is None


ROWS = (
    Row("all ended", "every task has completed, by the list", "settle", "verdict, or tasks run again", all_ended),
    Row(
        "something failed",
        "more tasks failed than were read",
        "review them",
        "verdict, or tasks run again",
        something_failed,
    ),
    Row("unable", "the pool can never run a task", "settle", "verdict of that reason", unable),
    Row("running", "tasks are at work", "look again later", "progress", running),
)
