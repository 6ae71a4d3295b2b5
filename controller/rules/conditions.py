"""Why a job with a pool does not come on: what the service shows, in the words of the closed list. Pure.

What waiting can mend is told and waited for; what it cannot (an image that is not there, a start task that fails) ends
the job in minutes, as long as no node has worked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.rules.case import Case
from controller.rules.shared_pool import crowded
from controller.rules.starting import queue_end
from shared.codes import Code
from shared.ports import NodeError, ServiceError
from shared.record import Failure, Waiting

STUCK_AFTER = timedelta(minutes=10)
UNUSABLE_AFTER = timedelta(minutes=15)
FATAL = frozenset({Code.IMAGE_PULL, Code.REGISTRY_AUTH, Code.MOUNT, Code.START_TASK})
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
    Code.QUOTA_FULL: "It starts by itself when cores are free. To start sooner: cancel a job ahead, "
    "set compute.spot: false, or ask for more quota.",
    Code.CAPACITY: "Batch asks again by itself. To start sooner: another compute.vmSize, or compute.spot: false.",
    Code.STUCK: "Look at the nodes in Batch Explorer; cancel and drop the manifest again if it stays.",
}


def fatal(case: Case) -> Failure | None:
    """Why no task will ever run on this pool; None while one has, or still may."""
    if case.record.first_task is not None or case.seen.nodes.running + case.seen.nodes.idle:
        return None
    if case.record.shared_pool is not None:
        return None
    for error in case.seen.node_errors:
        if code_of(error) in FATAL:
            return of_node(error)
    return None


def waiting(case: Case) -> tuple[Waiting, ...]:
    """What the job waits for while it has a pool; empty while its tasks run."""
    if case.seen.counts.running or not has_work(case):
        return ()
    why = of_pool(case) or of_nodes(case) if case.record.shared_pool is None else crowded(case)
    why = why or stuck(case)
    return (since(case, why),) if why else ()


def has_work(case: Case) -> bool:
    counts = case.seen.counts
    return counts.completed < case.record.to_run


def of_pool(case: Case) -> Failure | None:
    """The pool's resize errors: no quota, or no capacity."""
    pool = case.seen.pool
    if pool is None or case.seen.nodes.running + case.seen.nodes.idle:
        return None
    for error in pool.resize_errors:
        return of_resize(case, error)
    return None


def of_resize(case: Case, error: ServiceError) -> Failure:
    compute = case.record.plan.manifest.compute
    if error.code == "AccountCoreQuotaReached":
        kind = "lowPriorityCores" if compute.spot else "dedicatedCores"
        evidence = {"quota": kind, "limit": None, "used": None, "needed": None, "resizeError": error.code}
        message = (
            f"The Batch account has no free {'spot' if compute.spot else 'dedicated'} cores for {compute.vm_size}."
        )
        return Failure(code=Code.QUOTA_FULL, message=message, next=NEXT[Code.QUOTA_FULL], evidence=dict(evidence))
    message = f"Azure does not give {compute.vm_size} nodes now: {error.message}"[:500]
    return Failure(code=Code.CAPACITY, message=message, next=NEXT[Code.CAPACITY], evidence={"resizeError": error.code})


def of_nodes(case: Case) -> Failure | None:
    """Nodes that are there and of no use."""
    if case.seen.nodes.running + case.seen.nodes.idle + case.seen.nodes.starting:
        return None
    return next((of_node(error) for error in case.seen.node_errors), None)


def of_node(error: NodeError) -> Failure:
    code = code_of(error)
    message = f"Node {error.node} is {error.state}: {error.code}: {error.message}"[:500]
    evidence = {"node": error.node, "state": error.state, "error": error.code}
    return Failure(code=code, message=message, next=NEXT[code], evidence=dict(evidence))


def code_of(error: NodeError) -> Code:
    if "authent" in error.message.lower() or "unauthorized" in error.message.lower():
        return Code.REGISTRY_AUTH
    if error.state == "starttaskfailed":
        return Code.START_TASK
    return NODE_CODES.get(error.code, Code.NODE_UNUSABLE)


def stuck(case: Case) -> Failure | None:
    """Idle nodes and waiting tasks for ten minutes: something keeps them apart."""
    seen, progress = case.seen, case.record.progress
    if not (seen.nodes.idle and seen.counts.active) or progress is None:
        return None
    last = case.record.quiet_since
    if last is None or case.now - last < STUCK_AFTER:
        return None
    minutes = int((case.now - last).total_seconds() // 60)
    message = f"{seen.counts.active} tasks wait while {seen.nodes.idle} nodes are idle, for {minutes} minutes."
    return Failure(code=Code.STUCK, message=message, next=NEXT[Code.STUCK])


def since(case: Case, why: Failure) -> Waiting:
    before = next((w.since for w in case.record.waiting if w.code == why.code), case.now)
    return Waiting(**why.model_dump(), since=before, gives_up_at=gives_up(case))


def gives_up(case: Case) -> datetime | None:
    return queue_end(case.record) if case.record.first_node is None else None


def quiet(case: Case) -> datetime | None:
    """Since when nothing has moved: no task running, none ended since the last look."""
    progress, counts = case.record.progress, case.seen.counts
    moved = progress is None or counts.running or counts.completed != progress.succeeded + progress.failed
    return None if moved else (case.record.quiet_since or case.now)


def hopeless(case: Case) -> Failure | None:
    """Only unusable nodes for a quarter of an hour, and no task has run."""
    if case.record.shared_pool is not None:
        return None
    for each in case.record.waiting:
        if each.code == Code.NODE_UNUSABLE and case.now - each.since >= UNUSABLE_AFTER:
            return Failure(**each.model_dump(exclude={"since", "gives_up_at", "place"}))
    return None
