"""Why a job on an operator's shared pool does not come on, or cannot. Pure.

A pool that is unfit from the start ends the job. All else is not fatal: the pool is not the job's, and what ails it may
be mended without the job. So it is told, and waited for until limits.queueTimeout.
"""

from __future__ import annotations

from controller.quota import is_core_quota
from controller.rules.case import Case
from shared.codes import Code
from shared.ports import PoolSeen
from shared.record import Failure

NEXT = "It starts by itself as slots come free. To start sooner: another compute.pool, or perJob; or ask its operator."


def crowded(case: Case) -> Failure | None:
    """No node, none that works, or none with a free slot."""
    pool, nodes = case.seen.pool, case.seen.nodes
    if pool is None:
        return None
    if not nodes.running + nodes.idle:
        return without_nodes(case, pool)
    if nodes.idle:
        return None
    slots = pool.slots * nodes.running
    message = f"Tasks of other jobs hold the {slots} task slots of pool {pool.id}."
    return told(Code.CAPACITY, message, pool, nodes=nodes.running, slots=slots)


def without_nodes(case: Case, pool: PoolSeen) -> Failure:
    for error in pool.resize_errors:
        code = Code.QUOTA_FULL if is_core_quota(error.code) else Code.CAPACITY
        message = f"Pool {pool.id} gets no nodes: {error.message}"[:500]
        return told(code, message, pool, resizeError=error.code)
    for node in case.seen.node_errors:
        message = f"No node of pool {pool.id} works. {node.node} is {node.state}: {node.code}: {node.message}"[:500]
        return told(Code.NODE_UNUSABLE, message, pool, node=node.node, state=node.state, error=node.code)
    starting = case.seen.nodes.starting
    message = (
        f"Pool {pool.id} has no node yet, {starting} are starting." if starting else f"Pool {pool.id} has no node."
    )
    return told(Code.CAPACITY, message, pool, nodes=0, slots=0)


def told(code: Code, message: str, pool: PoolSeen, **evidence: str | int) -> Failure:
    return Failure(code=code, message=message, next=NEXT, evidence={"pool": pool.id, **evidence})


def unfit(name: str, pool: PoolSeen | None) -> tuple[Code, str] | None:
    """Why no job can run there, if so."""
    if pool is None or pool.state == "deleting":
        return Code.POOL_LOST, f"The Batch account has no pool {name}" + (" any more." if pool else ".")
    if not pool.containers:
        return Code.NODE_UNUSABLE, f"The nodes of pool {name} cannot run containers: it was made without configuration."
    if not pool.opens:
        text = f"The nodes of pool {name} do not bear the identity by which this deployment's tasks reach storage."
        return Code.NODE_UNUSABLE, text
    return None
