"""Why a job with a pool does not come on: what the service shows, in the words of the closed list. Pure.

What waiting can mend is told and waited for; what it cannot (an image that is not there, a start task that fails) ends
the job in minutes, as long as no node has worked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.quota import core_room, cores_never, full_of_cores, is_core_quota, never
from controller.rules import reimaging
from controller.rules.case import Case
from controller.rules.shared_pool import crowded
from controller.rules.starting import queue_end
from controller.rules.stuck import nodes_there, stuck
from shared.codes import Code
from shared.ports import NodeError, ServiceError
from shared.record import Failure, Waiting

UNUSABLE_AFTER = timedelta(minutes=15)
"""How long nodes of no use are given to recover."""
STUCK_FOR = timedelta(hours=1)
"""How long nodes that do nothing are paid for before any task has ended."""
MANY = 3
"""Nodes that fail alike while others still start: one alone may have met a moment's trouble with the registry."""
FATAL = frozenset({Code.IMAGE_PULL, Code.REGISTRY_AUTH, Code.MOUNT, Code.START_TASK})
BAD_NODES = FATAL | {Code.NODE_UNUSABLE, Code.DISK_FULL}
NODE_CODES = {
    "ContainerInvalidImage": Code.IMAGE_PULL,
    "ContainerInvalidRegistry": Code.REGISTRY_AUTH,
    "ContainerInvalidSettings": Code.IMAGE_PULL,
    "ContainerMiscError": Code.IMAGE_PULL,
    "MountConfigurationError": Code.MOUNT,
    "StartTaskFailure": Code.START_TASK,
    "StartTaskFailed": Code.START_TASK,
    "DiskFull": Code.DISK_FULL,
}
NEXT = {
    Code.IMAGE_PULL: "Check the image's name and tag, and that the registry holds it; drop the manifest again.",
    Code.REGISTRY_AUTH: "Check the registry's user and the password in the Key Vault (it may have been rotated).",
    Code.MOUNT: "Check the container's name and the rights on it.",
    Code.START_TASK: "This is the deployment's own start task: tell its operator.",
    Code.DISK_FULL: "Choose a VM size with a larger disk, or smaller inputs and fewer slots per node.",
    Code.NODE_UNUSABLE: "Batch tries to recover such nodes; another compute.vmSize may help.",
    Code.CAPACITY: "Batch asks again by itself. To start sooner: another compute.vmSize, or compute.spot: {other}.",
    Code.PREEMPTIONS: "Batch brings spot nodes back when there is room. To go on sooner: compute.spot: false.",
}


def fatal(case: Case) -> Failure | None:
    """Why no task will ever run on this pool; None while one has, or still may."""
    if case.record.first_task is not None or nodes_there(case):
        return None
    nodes = case.seen.nodes
    if case.record.shared_pool is not None or (nodes.starting and nodes.unusable + nodes.start_task_failed < MANY):
        return None
    for error in case.seen.node_errors:
        if code_of(error) in FATAL:
            return of_node(error)
    return None


def waiting(case: Case) -> tuple[Waiting, ...]:
    """What the job waits for while it has a pool; empty while its tasks run."""
    if case.seen.counts.running or not has_work(case):
        return ()
    why = of_own_pool(case) if case.record.shared_pool is None else crowded(case)
    why = why or of_preparation(case) or stuck(case)
    return (since(case, why),) if why else ()


def of_own_pool(case: Case) -> Failure | None:
    return of_nodes(case) or of_pool(case) or of_preemptions(case)


def hopeless(case: Case) -> Failure | None:
    """What has lasted too long to mend itself."""
    for each in waiting(case):
        limit = patience(case, each)
        if limit is not None and case.now - each.since >= limit:
            return Failure(**each.model_dump(exclude={"since", "gives_up_at", "place"}))
    return None


def patience(case: Case, why: Failure) -> timedelta | None:
    """How long a job stands this; None: as long as its other limits let it."""
    code = why.code
    if reimaging.AGAIN in why.evidence:
        return None
    if case.record.shared_pool is not None and not case.seen.unprepared:
        return None
    if code in BAD_NODES:
        return UNUSABLE_AFTER
    paid = case.seen.nodes.total > 0 and not case.seen.nodes.starting
    return STUCK_FOR if code == Code.STUCK and paid and not case.seen.counts.completed else None


def has_work(case: Case) -> bool:
    counts = case.seen.counts
    return counts.completed < case.record.to_run


def of_pool(case: Case) -> Failure | None:
    """The pool's resize errors: no quota, or no capacity."""
    pool = case.seen.pool
    if pool is None or nodes_there(case) or case.seen.nodes.starting:
        return None
    for error in pool.resize_errors:
        return of_resize(case, error)
    return None


def of_resize(case: Case, error: ServiceError) -> Failure:
    plan = case.record.plan
    if is_core_quota(error.code):
        room = case.seen.core_room or core_room(None, None, {}, spot=case.record.on_spot)
        return full_of_cores(plan, room, error.code)
    compute = plan.manifest.compute
    message = f"Azure does not give {compute.vm_size} nodes now: {error.message}"[:500]
    next_step = NEXT[Code.CAPACITY].format(other=str(not compute.spot).lower())
    return Failure(code=Code.CAPACITY, message=message, next=next_step, evidence={"resizeError": error.code})


def of_preemptions(case: Case) -> Failure | None:
    """Spot nodes were taken back, and no other is there or comes."""
    nodes = case.seen.nodes
    if not nodes.preempted or nodes_there(case) or nodes.starting:
        return None
    message = f"All spot nodes ({nodes.preempted}) were taken back; {case.seen.counts.active} tasks wait for new ones."
    return Failure(
        code=Code.PREEMPTIONS, message=message, next=NEXT[Code.PREEMPTIONS], evidence={"preempted": nodes.preempted}
    )


def outgrown(case: Case) -> Failure | None:
    """The quota of cores has become too small for a single node."""
    record, quotas = case.record, case.seen.quotas
    if record.first_node is not None or quotas is None:
        return None
    return never(record.plan, quotas) if record.dedicated is None else cores_never(record.plan, quotas, spot=False)


def of_nodes(case: Case) -> Failure | None:
    """Nodes that are there and of no use."""
    if nodes_there(case) or case.seen.nodes.starting:
        return None
    return next((of_node(error) for error in case.seen.node_errors), None)


def of_preparation(case: Case) -> Failure | None:
    """Reference data that is not on the nodes: it is fetched again, or cannot be."""
    nodes = nodes_of(case)
    return reimaging.mending(nodes) or reimaging.useless(nodes)


def nodes_of(case: Case) -> reimaging.Ground:
    return reimaging.Ground(case.record.reimaged, case.seen.unprepared, case.seen.nodes, case.now)


def of_node(error: NodeError) -> Failure:
    code = code_of(error)
    what = f"Node {error.node} is {error.state}"
    if error.state == "starttaskfailed":
        what = f"The start task failed on node {error.node}"
    said = ": ".join(part for part in (what, error.code, error.message) if part)
    evidence = {"node": error.node, "state": error.state, "error": error.code or None}
    return Failure(code=code, message=said[:500], next=NEXT[code], evidence=dict(evidence))


def code_of(error: NodeError) -> Code:
    if error.state == "starttaskfailed":
        return Code.START_TASK
    code = NODE_CODES.get(error.code, Code.NODE_UNUSABLE)
    denied = any(word in error.message.lower() for word in ("authent", "unauthorized"))
    return Code.REGISTRY_AUTH if code is Code.IMAGE_PULL and denied else code


def since(case: Case, why: Failure) -> Waiting:
    first = case.record.quiet_since if why.code == Code.STUCK else None
    before = next((w.since for w in case.record.waiting if is_same(w, why)), first or case.now)
    place = case.seen.line.place(case.record.job) if why.code == Code.QUOTA_FULL else None
    return Waiting(**why.model_dump(), since=before, gives_up_at=gives_up(case, why, before), place=place)


def is_same(before: Failure, why: Failure) -> bool:
    """Does the wait go on? What was being mended, and is no more, is waited for anew."""
    return before.code == why.code and (reimaging.AGAIN in before.evidence) == (reimaging.AGAIN in why.evidence)


def gives_up(case: Case, why: Failure, begun: datetime) -> datetime | None:
    """The first of the limits that would end the wait; None: jobTimeout alone."""
    limit = patience(case, why)
    ends = [begun + limit] if limit is not None else []
    if case.record.first_node is None:
        ends.append(queue_end(case.record))
    return min(ends, default=None)


def quiet(case: Case) -> datetime | None:
    """Since when nothing has moved: no task running, none ended, no node come or gone since the last look."""
    progress, counts, nodes = case.record.progress, case.seen.counts, case.seen.nodes
    if progress is None or counts.running or counts.completed != progress.succeeded + progress.failed:
        return None
    if (nodes_there(case), nodes.starting) != (progress.nodes_running, progress.nodes_starting):
        return None
    return case.record.quiet_since or case.now
