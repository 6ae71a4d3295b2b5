"""Why tasks wait though nothing refuses them: a disabled job, a formula that fails, nodes that stay idle or starting.

Pure. Each is told; what has lasted for an hour before any task ended ends the job (`conditions.patience`).
"""

from __future__ import annotations

from datetime import timedelta

from controller.rules.case import Case
from shared.codes import Code
from shared.record import Failure

IDLE_AFTER = timedelta(minutes=10)
STARTING_AFTER = timedelta(minutes=30)
"""A node may take a while: it boots, and fetches the image before it is of use."""
DISABLED = ("disabled", "disabling")


def stuck(case: Case) -> Failure | None:
    """The first of them that fits."""
    return disabled(case) or formula_failed(case) or idle(case) or starting(case) or absent(case)


def disabled(case: Case) -> Failure | None:
    """Told at once: it is the state that somebody gave the job."""
    job = case.seen.job
    if job is None or job.state not in DISABLED or case.record.drained is not None:
        return None
    return Failure(
        code=Code.STUCK,
        message=f"The Batch job {job.id} was disabled by someone: none of its tasks starts.",
        next=f"Enable it again (az batch job enable --job-id {job.id}), or cancel the job.",
        evidence={"jobState": job.state},
    )


def formula_failed(case: Case) -> Failure | None:
    """The pool has no node, and its formula gives no number."""
    pool = case.seen.pool
    if pool is None or pool.autoscale_error is None or nodes_there(case) or case.seen.nodes.starting:
        return None
    return Failure(
        code=Code.STUCK,
        message=f"The pool's autoscale formula gives no number: {pool.autoscale_error.message}"[:500],
        next="It is evaluated again every five minutes. If it stays: cancel the job and drop the manifest again.",
        evidence={"autoscaleError": pool.autoscale_error.code},
    )


def idle(case: Case) -> Failure | None:
    """Idle nodes and waiting tasks: something keeps them apart."""
    seen = case.seen
    if not (seen.nodes.idle and seen.counts.active) or quiet_for(case) < IDLE_AFTER:
        return None
    return Failure(
        code=Code.STUCK,
        message=f"{number(seen.counts.active, 'task')} wait while {number(seen.nodes.idle, 'node')} are idle, for "
        f"{minutes(quiet_for(case))} minutes.",
        next="Look at the nodes in Batch Explorer; cancel and drop the manifest again if it stays.",
        evidence={"waiting": seen.counts.active, "idle": seen.nodes.idle},
    )


def starting(case: Case) -> Failure | None:
    """Nodes that never come to the end of their start."""
    nodes = case.seen.nodes
    if not nodes.starting or nodes_there(case) or quiet_for(case) < STARTING_AFTER:
        return None
    return Failure(
        code=Code.STUCK,
        message=f"{number(nodes.starting, 'node')} have been starting for {minutes(quiet_for(case))} minutes.",
        next="A very large image takes its time; else look at the nodes in Batch Explorer.",
        evidence={"starting": nodes.starting},
    )


def absent(case: Case) -> Failure | None:
    """No node at all, or none that takes tasks, and the service gives no reason."""
    pool, nodes = case.seen.pool, case.seen.nodes
    if pool is None or nodes_there(case) or nodes.starting or quiet_for(case) < IDLE_AFTER:
        return None
    waits = f"{number(case.seen.counts.active, 'task')} wait"
    if nodes.total:
        return Failure(
            code=Code.STUCK,
            message=f"{waits}, and none of {number(nodes.total, 'node')} takes any, for {minutes(quiet_for(case))} "
            "minutes: they are offline or unknown to the service.",
            next="Look at the nodes in Batch Explorer; is scheduling switched off on them?",
            evidence={"waiting": case.seen.counts.active, "nodes": nodes.total},
        )
    return Failure(
        code=Code.STUCK if pool.target == 0 else Code.CAPACITY,
        message=f"{waits}, the pool wants {number(pool.target, 'node')} and has none for {minutes(quiet_for(case))} "
        "minutes; Batch gives no reason.",
        next="Batch asks again by itself. To start sooner: another compute.vmSize, or the other compute.spot.",
        evidence={"target": pool.target, "resizeError": None},
    )


def nodes_there(case: Case) -> int:
    """Nodes that can run something."""
    return case.seen.nodes.running + case.seen.nodes.idle


def quiet_for(case: Case) -> timedelta:
    last = case.record.quiet_since
    return case.now - last if last is not None and case.record.progress is not None else timedelta(0)


def minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
