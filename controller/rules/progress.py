"""What a look at a running job adds to its record: progress, first times, node time. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from controller.rules.case import Case
from shared.record import Progress, Usage


def firsts(case: Case) -> dict[str, Any]:
    """When the first node and the first task were seen."""
    record, counts, nodes = case.record, case.seen.counts, case.seen.nodes
    facts: dict[str, Any] = {}
    begun = counts.running + counts.completed > 0
    ours = nodes.running + nodes.idle if record.shared_pool is None else 0
    if record.first_node is None and (ours > 0 or begun):
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
        nodes=nodes.total,
        spot_nodes=nodes.spot,
        preempted_now=nodes.preempted,
    )


def usage(case: Case) -> Usage:
    """Node time since the last look (a node is paid for in any state), before the first one since the pool was asked
    for; and rises of preempted nodes: a lower bound."""
    record, nodes = case.record, case.seen.nodes
    before = record.progress
    if record.shared_pool is not None:
        return shared_usage(case)
    since = before.at if before else record.pool or case.now
    rise = max(0, nodes.preempted - (before.preempted_now if before else 0))
    used = with_nodes(record.usage, since, case.now, nodes.total, nodes.spot)
    return used.model_copy(update={"preemptions": used.preemptions + rise})


def shared_usage(case: Case) -> Usage:
    """The part of a shared pool's nodes that the job's tasks held since the last look."""
    before, pool = case.record.progress, case.seen.pool
    if before is None or pool is None:
        return case.record.usage
    return with_nodes(case.record.usage, before.at, case.now, case.seen.counts.running / pool.slots)


def last_usage(case: Case) -> Usage:
    """When the pool is given up: its nodes are taken to have stayed as they were last seen."""
    record, before = case.record, case.record.progress
    if before is None:
        return record.usage
    return with_nodes(record.usage, before.at, case.now, before.nodes, before.spot_nodes)


def with_nodes(used: Usage, since: datetime, now: datetime, nodes: float, spot: float = 0) -> Usage:
    """So many nodes from `since` until `now`; what of it was before this day's midnight is not of this day."""
    day, midnight = f"{now:%Y-%m-%d}", now.replace(hour=0, minute=0, second=0, microsecond=0)
    seconds = (now - since).total_seconds()
    today = (now - max(since, midnight)).total_seconds() * nodes
    return used.model_copy(
        update={
            "node_seconds": used.node_seconds + seconds * nodes,
            "spot_node_seconds": used.spot_node_seconds + seconds * spot,
            "day": day,
            "day_seconds": (used.day_seconds if used.day == day else 0.0) + today,
        }
    )
