"""Nodes that could not fetch the reference data, for the platform's reason, are reimaged. Pure.

Batch repeats what a preparation ends with, not what it could not begin with, and gives such a node no task of the job
any more, until it is reimaged. Each such node of the job's own pool is: it is paid for. On a shared pool others work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.task_end import is_platforms
from shared.codes import Code
from shared.ports import NodeCounts, NodeError
from shared.record import Failure, Reimaged, ReimagedNode

ROUNDS = 3
MOST_NODES = 100
"""That a record remembers; what fails beyond stays as it is."""
BACK_AFTER = timedelta(minutes=30)
"""A node boots, and fetches its image, before it is of use; none starts any more: then it is not waited for longer."""
PAUSE = timedelta(minutes=1)
"""From one go of a node to its next, however soon it is back: storage may be away for a while."""
AGAIN = "again"
"""In the evidence of a wait that is being mended: which round it is."""


@dataclass(frozen=True)
class Ground:
    """What is known of the nodes of one pool: the job's own, or its splitter's."""

    reimaged: Reimaged
    errors: Sequence[NodeError]
    nodes: NodeCounts
    now: datetime


def is_fetchable(error: NodeError) -> bool:
    """May it go well on a new disk? One that is full will be full again: the job's data is the first thing on it."""
    return error.ended is not None and error.code != "DiskFull" and is_platforms(error)


def with_new(ground: Ground) -> Reimaged | None:
    """What is remembered, with failures that were not met before; None where there are none, or no more goes."""
    reimaged = ground.reimaged
    known = {each.node: each for each in reimaged.nodes}
    new = [] if reimaged.refused else [each for error in ground.errors if (each := next_go(error, known, ground))]
    first = [each for each in new if each.node not in known][: MOST_NODES - len(known)]
    new = [*first, *(each for each in new if each.node in known)]
    if not new:
        return None
    kept = known | {each.node: each for each in new}
    rounds = max(each.time for each in new)
    return reimaged.model_copy(update={"rounds": max(reimaged.rounds, rounds), "nodes": tuple(kept.values())})


def next_go(error: NodeError, known: dict[str, ReimagedNode], ground: Ground) -> ReimagedNode | None:
    before = known.get(error.node)
    if error.ended is None or not is_fetchable(error):
        return None
    if before is None:
        time = max(ground.reimaged.rounds, 1)
    elif has_another(before, error, ground) and ground.now - before.noted >= PAUSE:
        time = max(ground.reimaged.rounds, before.time + 1)
    else:
        return None
    return ReimagedNode(node=error.node, failed=error.ended, code=error.code, noted=ground.now, time=time)


def has_another(before: ReimagedNode, error: NodeError, ground: Ground) -> bool:
    """Is this a later failure of the node, after which it may go once more?"""
    later = is_fetchable(error) and error.ended != before.failed
    return later and before.time < ROUNDS and not ground.reimaged.refused


def due(ground: Ground) -> tuple[str, ...]:
    """Nodes that are noted and not asked for yet, and still fail as they did when they were."""
    failed = {error.node: error.ended for error in ground.errors}
    return tuple(each.node for each in coming(ground) if not each.asked and failed.get(each.node) == each.failed)


def coming(ground: Ground) -> list[ReimagedNode]:
    """Those that are on their way, or will be once more; and not too much time has passed."""
    errors = {error.node: error for error in ground.errors}
    return [
        each
        for each in ground.reimaged.nodes
        if is_awaited(each, errors.get(each.node), ground)
        and (each.asked or not ground.reimaged.refused)
        and (ground.now - each.noted < BACK_AFTER or ground.nodes.starting)
    ]


def is_awaited(each: ReimagedNode, error: NodeError | None, ground: Ground) -> bool:
    return error is None or error.ended == each.failed or has_another(each, error, ground)


def mending(ground: Ground) -> Failure | None:
    """What is told of them; no clock runs meanwhile."""
    first = next(iter(coming(ground)), None)
    if first is None:
        return None
    return Failure(
        code=Code.NODE_UNUSABLE,
        message=f"Node {first.node} could not fetch the reference data ({first.code}). It is reimaged, and the data is "
        f"fetched again: round {first.time} of at most {ROUNDS}.",
        next="Nothing: the job goes on by itself once the data is there.",
        evidence={"node": first.node, "state": "preparationfailed", "error": first.code or None, AGAIN: first.time},
    )


def useless(ground: Ground) -> Failure | None:
    """Nodes that are fine, save that reference data cannot be laid out on them."""
    error = next(iter(ground.errors), None)
    if error is None:
        return None
    said = ": ".join(part for part in (error.code, error.message) if part)
    message = f"The reference data cannot be made ready on node {error.node}: {said}"[:500]
    return Failure(
        code=Code.NODE_UNUSABLE,
        message=message + tried(ground),
        next=BROKEN if is_platforms(error) else WRONG,
        evidence={"node": error.node, "state": error.state, "error": error.code or None},
    )


def tried(ground: Ground) -> str:
    """What was done about it."""
    if ground.reimaged.refused:
        return f". Batch does not reimage the node ({ground.reimaged.refused})"
    times = ground.reimaged.rounds
    return f". It was fetched again {times} time{'' if times == 1 else 's'}" if times else ""


WRONG = "Check the blobs and the archives under reference: with unpack they must be zip, tar or tar.gz."
BROKEN = "Look whether nodes can reach the storage account (its firewall, its network rules); drop the manifest again."
