"""The admin API under /_admin: move the clock, inject faults, look into the state. No part of the Batch service."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from werkzeug import Response

from local.batch_emulator.allocation import preempt, restart, spoil
from local.batch_emulator.ending import drop_job, drop_pool
from local.batch_emulator.failures import CATALOGUE, BatchError
from local.batch_emulator.lifecycle import NODE_MOVES, enter_node
from local.batch_emulator.protocol.errors import error_body
from local.batch_emulator.protocol.moments import stamp
from local.batch_emulator.protocol.shapes import flag, number, record, text
from local.batch_emulator.state import Job, Node, Pool
from local.batch_emulator.world import Fault, World, refuse_unless

PREFIX = "/_admin"

Body = Mapping[str, Any]


def _seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BatchError("InvalidPropertyValue", PropertyName=name, Reason="must be a number of seconds")


class Admin:
    """Answers the admin API's requests, under the emulator's lock. `advance` moves the clock with ticks on the way."""

    def __init__(self, world: World, advance: Callable[[timedelta], None]) -> None:
        self._world = world
        self._advance = advance
        self._table: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = [
            ("GET", re.compile(r"/state"), self.state),
            ("POST", re.compile(r"/clock"), self.clock),
            ("POST", re.compile(r"/faults"), self.fault),
            ("DELETE", re.compile(r"/faults"), self.no_faults),
            ("POST", re.compile(r"/images"), self.image),
            ("POST", re.compile(r"/quota"), self.quota),
            ("POST", re.compile(r"/taskcounts"), self.task_counts),
            ("POST", re.compile(r"/nodes/([^/]+)/([^/]+)/(preempt|restore|unusable|lose)"), self.node),
            ("DELETE", re.compile(r"/jobs/([^/]+)"), self.drop_job),
            ("DELETE", re.compile(r"/pools/([^/]+)"), self.drop_pool),
        ]

    def answer(self, method: str, path: str, body: bytes) -> Response:
        """Carry out one request; the answer is always JSON."""
        try:
            return _json(200, self._carry_out(method, path.removeprefix(PREFIX), body))
        except BatchError as error:
            return _json(error.status, error_body(error, "", self._world.now()))

    def _carry_out(self, method: str, path: str, body: bytes) -> Any:
        for verb, pattern, deed in self._table:
            match = pattern.fullmatch(path)
            if verb == method and match:
                return deed(_read(body), *match.groups())
        raise BatchError("InvalidUri", f"The admin API has no {method} {PREFIX}{path}.")

    def clock(self, body: Body) -> Any:
        """`{"advance": seconds}`: move the service's clock on."""
        record({"advance": _seconds}, {})("", body)
        self._advance(timedelta(seconds=body["advance"]))
        return {"now": stamp(self._world.now())}

    def fault(self, body: Body) -> Any:
        """Let the next calls of an operation fail, before or after they are carried out."""
        numbers = {"times": number(1), "status": number(400, 599), "retryAfter": number(0)}
        record({"operation": text(least=1)}, {**numbers, "code": text(), "after": flag})("", body)
        code = body.get("code", "InternalError")
        status = body.get("status", CATALOGUE.get(code, (500, ""))[0])
        found = Fault(
            body["operation"], body.get("times", 1), status, code, body.get("retryAfter"), body.get("after", False)
        )
        self._world.faults.calls.append(found)
        return {"faults": [vars(each) for each in self._world.faults.calls]}

    def no_faults(self, _body: Body) -> Any:
        """Forget all faults, except what already happened to nodes, jobs and pools."""
        self._world.faults.calls.clear()
        self._world.faults.unpullable.clear()
        self._world.faults.count_lag = timedelta(0)
        return {"faults": []}

    def image(self, body: Body) -> Any:
        """`{"image": name, "pullable": false}`: an image that cannot be pulled, or can again."""
        record({"image": text(least=1)}, {"pullable": flag})("", body)
        images = self._world.faults.unpullable
        (images.discard if body.get("pullable", False) else images.add)(body["image"])
        return {"unpullable": sorted(images)}

    def quota(self, body: Body) -> Any:
        """Change the account's quotas: `pools`, `jobs`, and the cores `dedicated` and `lowPriority`."""
        names = {"pools": "pools", "jobs": "jobs", "dedicated": "dedicated", "lowPriority": "low_priority"}
        record({}, dict.fromkeys(names, number(0)))("", body)
        for name, value in body.items():
            setattr(self._world.quota, names[name], value)
        return {name: getattr(self._world.quota, field) for name, field in names.items()}

    def task_counts(self, body: Body) -> Any:
        """`{"lagSeconds": s}`: task counts are shown as they stood that long ago."""
        record({"lagSeconds": _seconds}, {})("", body)
        self._world.faults.count_lag = timedelta(seconds=body["lagSeconds"])
        return dict(body)

    def node(self, body: Body, pool_id: str, node_id: str, deed: str) -> Any:
        """Preempt a Spot node, bring it back, make a node unusable with an error, or lose contact with it."""
        node, now = self._world.account.node(pool_id, node_id), self._world.now()
        record({}, {"backAfter": _seconds, "code": text(), "message": text()})("", body)
        _require_move(node, {"preempt": "preempted", "restore": None}.get(deed, "unusable"))
        if deed == "preempt":
            refuse_unless(not node.dedicated, "OperationInvalidForCurrentState", "Only Spot nodes are preempted.")
            preempt(self._world, node, now, body.get("backAfter"))
        elif deed == "restore":
            self._restore(node)
        else:
            known = {"code": body.get("code", "NodeError"), "message": body.get("message", "The node failed")}
            spoil(self._world, node, known if deed == "unusable" else None, now)
        return _node(node)

    def _restore(self, node: Node) -> None:
        now = self._world.now()
        if node.state == "preempted":
            enter_node(node, "creating", now, now + timedelta(seconds=self._world.settings.boot_seconds / 2))
        elif node.state == "unusable":
            restart(self._world, node, "rebooting", "lost", now)
        else:
            raise BatchError("OperationInvalidForCurrentState", f"The node is {node.state}.")

    def drop_job(self, _body: Body, job_id: str) -> Any:
        """Make a job vanish at once, as if someone else had deleted it."""
        drop_job(self._world, self._world.account.job(job_id), self._world.now())
        return {}

    def drop_pool(self, _body: Body, pool_id: str) -> Any:
        """Make a pool vanish at once, as if someone else had deleted it."""
        drop_pool(self._world, self._world.account.pool(pool_id), self._world.now())
        return {}

    def state(self, _body: Body) -> Any:
        """Show clock, quotas, faults, pools with their nodes, jobs with their counts."""
        account = self._world.account
        return {
            "now": stamp(self._world.now()),
            "runner": self._world.execution.name,
            "quota": vars(self._world.quota),
            "faults": [vars(each) for each in self._world.faults.calls],
            "unpullable": sorted(self._world.faults.unpullable),
            "pools": [_pool(pool) for pool in account.pools.values()],
            "jobs": [_job(job) for job in account.jobs.values()],
        }


def _pool(pool: Pool) -> Any:
    targets = {"targetDedicated": pool.target_dedicated, "targetLowPriority": pool.target_low_priority}
    nodes = [_node(node) for node in pool.nodes.values()]
    return {"id": pool.id, "state": pool.state, "allocation": pool.allocation, **targets, "nodes": nodes}


def _require_move(node: Node, state: str | None) -> None:
    if state and state not in NODE_MOVES[node.state]:
        raise BatchError("OperationInvalidForCurrentState", f"A node that is {node.state} cannot become {state}.")


def _node(node: Node) -> Any:
    tasks = [f"{task.job_id}/{task.id}" for task in node.tasks.values()]
    return {"id": node.id, "state": node.state, "dedicated": node.dedicated, "tasks": tasks, "root": str(node.root)}


def _job(job: Job) -> Any:
    return {"id": job.id, "state": job.state, "pool": job.spec["poolInfo"]["poolId"], "tasks": dict(job.tally.tasks)}


def _read(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise BatchError("InvalidRequestBody", Reason=str(error)) from error


def _json(status: int, content: Any) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
