"""What the admin API and scripts can do to an account: each deed by its name, with what it is to be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.batch_emulator.allocation import preempt, restart, spoil
from local.batch_emulator.ending import drop_job, drop_pool
from local.batch_emulator.execution import Failure, Outcome
from local.batch_emulator.failures import CATALOGUE, BatchError
from local.batch_emulator.faults import AllocationFault, RunFault, fits
from local.batch_emulator.lifecycle import NODE_MOVES, enter_node
from local.batch_emulator.protocol.shapes import Check, choice, flag, number, record, seconds, text
from local.batch_emulator.state import Node
from local.batch_emulator.world import Fault, World

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Deed:
    """One deed. `shape` checks what it is told; `carry_out` does it."""

    shape: Check
    carry_out: Callable[[World, Body, datetime], None]


def carry_out(world: World, name: str, body: Body, now: datetime) -> None:
    """Do one deed; raise BatchError for an unknown one, or for a body that it cannot be done with."""
    check(name, body)
    DEEDS[name].carry_out(world, body, now)


def check(name: str, body: Body) -> None:
    """Raise BatchError unless there is such a deed and it can be told this."""
    if name not in DEEDS:
        raise BatchError("InvalidInput", f"There is no deed {name!r}; there are {', '.join(sorted(DEEDS))}.")
    DEEDS[name].shape("", body)


def _refuse(world: World, body: Body, _now: datetime) -> None:
    code = body.get("code", "InternalError")
    status = body.get("status", CATALOGUE.get(code, (500, ""))[0])
    fault = Fault(
        body["operation"], body.get("times", 1), status, code, body.get("retryAfter"), body.get("after", False)
    )
    world.faults.calls.append(fault)


def _meant(world: World, body: Body, states: Callable[[Node], bool]) -> list[Node]:
    """Give the nodes a body means, the oldest first: by globs of pool and node, `nodes` of them at most."""
    pools = [pool for pool in world.account.pools.values() if fits(body.get("pool", "*"), pool.id)]
    nodes = [node for pool in pools for node in pool.nodes.values() if fits(body.get("node", "*"), node.id)]
    return [node for node in nodes if states(node)][: body.get("nodes")]


def _can(state: str) -> Callable[[Node], bool]:
    return lambda node: state in NODE_MOVES[node.state]


def _preempt(world: World, body: Body, now: datetime) -> None:
    for node in _meant(world, body, lambda node: not node.dedicated and _can("preempted")(node)):
        preempt(world, node, now, body.get("backAfter"))


def _lose(world: World, body: Body, now: datetime) -> None:
    for node in _meant(world, body, _can("unusable")):
        spoil(world, node, None, now, body.get("backAfter"))


def _unusable(world: World, body: Body, now: datetime) -> None:
    error = {"code": body.get("code", "NodeError"), "message": body.get("message", "The node failed")}
    for node in _meant(world, body, _can("unusable")):
        spoil(world, node, error, now)


def _restore(world: World, body: Body, now: datetime) -> None:
    for node in _meant(world, body, lambda node: node.state in ("preempted", "unusable")):
        restore(world, node, now)


def restore(world: World, node: Node, now: datetime) -> None:
    """Let a preempted or unusable node boot again."""
    if node.state == "preempted":
        enter_node(node, "creating", now, now + timedelta(seconds=world.settings.boot_seconds / 2))
    else:
        restart(world, node, "rebooting", "lost", now)


def _image(world: World, body: Body, _now: datetime) -> None:
    images = world.faults.unpullable
    (images.discard if body.get("pullable", False) else images.add)(body["image"])


def _registry(world: World, body: Body, _now: datetime) -> None:
    registries = world.faults.closed_registries
    (registries.add if body.get("denied", True) else registries.discard)(body["registry"])


def _mounts(world: World, body: Body, _now: datetime) -> None:
    pool = body.get("pool", "*")
    world.faults.failing_mounts.pop(pool, None)
    if body.get("failing", True):
        world.faults.failing_mounts[pool] = body.get("message", "The mount command ended with exit code 1")


def _quota(world: World, body: Body, _now: datetime) -> None:
    for name, value in body.items():
        setattr(world.quota, QUOTAS[name], value)


def _allocation(world: World, body: Body, now: datetime) -> None:
    span = body.get("seconds")
    fault = AllocationFault(
        body.get("pool", "*"),
        body.get("dedicated", True),
        body.get("lowPriority", True),
        body["code"],
        None if span is None else now + timedelta(seconds=span),
    )
    world.faults.allocations.append(fault)


def _runs(world: World, body: Body, _now: datetime) -> None:
    code, exit_code = body.get("code", "FailureExitCode"), body.get("exitCode")
    if code == "FailureExitCode" and exit_code is None:
        exit_code = 1
    message = body.get("message", f"The run was arranged to end with {code}")
    category = body.get("category", "servererror" if code in _SERVER_CODES else "usererror")
    world.faults.runs.append(
        RunFault(
            body.get("kind", "task"),
            body.get("pool", "*"),
            body.get("job", "*"),
            body.get("task", "*"),
            body.get("times", 1),
            Outcome(exit_code, Failure(category.lower(), code, message)),
        )
    )


def _counts(world: World, body: Body, _now: datetime) -> None:
    world.faults.count_lag = timedelta(seconds=body["lagSeconds"])


def _stall(world: World, body: Body, _now: datetime) -> None:
    world.faults.stalled = body.get("stalled", True)


def _drop_job(world: World, body: Body, now: datetime) -> None:
    drop_job(world, world.account.job(body["id"]), now)


def _drop_pool(world: World, body: Body, now: datetime) -> None:
    drop_pool(world, world.account.pool(body["id"]), now)


def _clear(world: World, _body: Body, _now: datetime) -> None:
    world.faults.clear()


QUOTAS = {"pools": "pools", "jobs": "jobs", "dedicated": "dedicated", "lowPriority": "low_priority"}
_SERVER_CODES = frozenset({"DiskFull", "BlobDownloadMiscError", "BlobDownloadTimedOut", "ResourceFileWriteFailed",
                           "ResourceDirectoryCreateFailed", "ResourceFileCreateFailed", "Unknown"})  # fmt: skip
_NODES: dict[str, Check] = {"pool": text(), "node": text(), "nodes": number(1)}
_CALL: dict[str, Check] = {"times": number(1), "status": number(400, 599), "retryAfter": number(0)}
_ALLOCATION = choice("AccountCoreQuotaReached", "AllocationTimedout", "AllocationFailed")
_PATTERNS: dict[str, Check] = dict.fromkeys(("pool", "job", "task", "code", "message"), text(least=1))

DEEDS: Mapping[str, Deed] = {
    "refuse": Deed(record({"operation": text(least=1)}, {**_CALL, "code": text(), "after": flag}), _refuse),
    "preempt": Deed(record({}, {**_NODES, "backAfter": seconds}), _preempt),
    "lose": Deed(record({}, {**_NODES, "backAfter": seconds}), _lose),
    "unusable": Deed(record({}, {**_NODES, "code": text(), "message": text()}), _unusable),
    "restore": Deed(record({}, _NODES), _restore),
    "image": Deed(record({"image": text(least=1)}, {"pullable": flag}), _image),
    "registry": Deed(record({"registry": text(least=1)}, {"denied": flag}), _registry),
    "mounts": Deed(record({}, {"pool": text(), "failing": flag, "message": text()}), _mounts),
    "quota": Deed(record({}, dict.fromkeys(QUOTAS, number(0))), _quota),
    "allocation": Deed(
        record({"code": _ALLOCATION}, {"pool": text(), "dedicated": flag, "lowPriority": flag, "seconds": seconds}),
        _allocation,
    ),
    "runs": Deed(
        record(
            {},
            {
                **_PATTERNS,
                "kind": choice("task", "start", "jobpreparation", "jobrelease"),
                "times": number(1),
                "exitCode": number(),
                "category": choice("usererror", "servererror"),
            },
        ),
        _runs,
    ),
    "counts": Deed(record({"lagSeconds": seconds}, {}), _counts),
    "stall": Deed(record({}, {"stalled": flag}), _stall),
    "dropJob": Deed(record({"id": text(least=1)}, {}), _drop_job),
    "dropPool": Deed(record({"id": text(least=1)}, {}), _drop_pool),
    "clear": Deed(record({}, {}), _clear),
}
