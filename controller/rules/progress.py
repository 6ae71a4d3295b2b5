"""What a look at a running job adds to its record: progress, first times, node time. Pure."""

from __future__ import annotations

from typing import Any

from controller.rules.case import Case
from shared.record import Progress, Usage


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
