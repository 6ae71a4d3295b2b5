"""The admin API under /_admin: move the clock, inject faults, look into the state. No part of the Batch service."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Response

from local.batch_emulator import deeds
from local.batch_emulator.allocation import preempt, spoil
from local.batch_emulator.failures import BatchError
from local.batch_emulator.lifecycle import NODE_MOVES
from local.batch_emulator.protocol.errors import error_body
from local.batch_emulator.protocol.moments import stamp
from local.batch_emulator.protocol.shapes import record, seconds, text
from local.batch_emulator.script import Script, Step, parse_steps
from local.batch_emulator.state import Job, Node, Pool
from local.batch_emulator.world import World, refuse_unless

PREFIX = "/_admin"

Body = Mapping[str, Any]


class Admin:
    """Answers the admin API's requests, under the emulator's lock. `advance` moves the clock with ticks on the way."""

    def __init__(self, world: World, script: Script, advance: Callable[[timedelta], None]) -> None:
        self._world = world
        self._script = script
        self._advance = advance
        self._table: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = [
            ("GET", re.compile(r"/state"), self.state),
            ("POST", re.compile(r"/clock"), self.clock),
            ("POST", re.compile(r"/deeds"), self.deed),
            ("GET", re.compile(r"/script"), self.script),
            ("POST", re.compile(r"/script"), self.add_script),
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
        record({"advance": seconds}, {})("", body)
        self._advance(timedelta(seconds=body["advance"]))
        return {"now": stamp(self._world.now())}

    def deed(self, body: Body) -> Any:
        """`{"do": name, ...}`: do a deed of a script now."""
        name, told = body.get("do"), {key: value for key, value in body.items() if key != "do"}
        self._do(str(name), told)
        return self.script({})

    def _do(self, name: str, body: Body) -> None:
        deeds.carry_out(self._world, name, body, self._world.now())

    def script(self, _body: Body) -> Any:
        """Show the steps of scripts that were not done yet."""
        return {"steps": [_step(due, step) for due, step in self._script.steps]}

    def add_script(self, body: Body) -> Any:
        """`{"steps": [...]}`: add steps as a script file has them; their times and calls count from now."""
        self._script.add(parse_steps(body.get("steps")), self._world.now())
        return self.script({})

    def fault(self, body: Body) -> Any:
        """Let the next calls of an operation fail, before or after they are carried out."""
        self._do("refuse", body)
        return {"faults": [vars(each) for each in self._world.faults.calls]}

    def no_faults(self, _body: Body) -> Any:
        """Forget all faults, except what already happened to nodes, jobs and pools."""
        self._world.faults.clear()
        return {"faults": []}

    def image(self, body: Body) -> Any:
        """`{"image": name, "pullable": false}`: an image that cannot be pulled, or can again."""
        self._do("image", body)
        return {"unpullable": sorted(self._world.faults.unpullable)}

    def quota(self, body: Body) -> Any:
        """Change the account's quotas: `pools`, `jobs`, and the cores `dedicated` and `lowPriority`."""
        self._do("quota", body)
        return {name: getattr(self._world.quota, field) for name, field in deeds.QUOTAS.items()}

    def task_counts(self, body: Body) -> Any:
        """`{"lagSeconds": s}`: task counts are shown as they stood that long ago."""
        self._do("counts", body)
        return dict(body)

    def node(self, body: Body, pool_id: str, node_id: str, deed: str) -> Any:
        """Preempt a Spot node, bring it back, make a node unusable with an error, or lose contact with it."""
        node, now = self._world.account.node(pool_id, node_id), self._world.now()
        record({}, {"backAfter": seconds, "code": text(), "message": text()})("", body)
        _require_move(node, {"preempt": "preempted", "restore": None}.get(deed, "unusable"))
        if deed == "preempt":
            refuse_unless(not node.dedicated, "OperationInvalidForCurrentState", "Only Spot nodes are preempted.")
            preempt(self._world, node, now, body.get("backAfter"))
        elif deed == "restore":
            if node.state not in ("preempted", "unusable"):
                raise BatchError("OperationInvalidForCurrentState", f"The node is {node.state}.")
            deeds.restore(self._world, node, now)
        else:
            known = {"code": body.get("code", "NodeError"), "message": body.get("message", "The node failed")}
            spoil(self._world, node, known if deed == "unusable" else None, now, body.get("backAfter"))
        return _node(node)

    def drop_job(self, _body: Body, job_id: str) -> Any:
        """Make a job vanish at once, as if someone else had deleted it."""
        self._do("dropJob", {"id": job_id})
        return {}

    def drop_pool(self, _body: Body, pool_id: str) -> Any:
        """Make a pool vanish at once, as if someone else had deleted it."""
        self._do("dropPool", {"id": pool_id})
        return {}

    def state(self, _body: Body) -> Any:
        """Show clock, quotas, faults, pools with their nodes, jobs with their counts."""
        account = self._world.account
        return {
            "now": stamp(self._world.now()),
            "runner": self._world.execution.name,
            "mounts": getattr(self._world.execution, "mounts", "none"),
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


def _step(due: datetime, step: Step) -> Any:
    when = {"due": stamp(due)} if step.call is None else {"call": step.call, "number": step.number}
    return {"do": step.deed, **step.body, **when}


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
