"""Adding tasks: one request for many, judged task by task, halved where the service finds it too large."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from shared.azure.batch_door import BatchDoor
from shared.azure.node_access import Body, NodeAccess
from shared.azure.task_bodies import task_body
from shared.errors import Defect, Refused, Transient
from shared.specs import TaskSpec
from shared.veil import VEIL

if TYPE_CHECKING:
    from azure.batch import models

MOST = 100
"""Tasks in one request, as the service allows."""


def add_tasks(door: BatchDoor, access: NodeAccess, job_id: str, tasks: Sequence[TaskSpec]) -> None:
    """Returns only when each task is there. The SDK's own helper is not used: it repeats failures without end."""
    if len(tasks) > MOST:
        raise Defect(f"job {job_id}: {len(tasks)} tasks in one request, {MOST} are allowed")
    once = access.for_one_request()
    _add(door, job_id, [task_body(task, once) for task in tasks])


def _add(door: BatchDoor, job_id: str, bodies: Sequence[Body]) -> None:
    if not bodies:
        return
    group = cast("models.BatchTaskGroup", {"value": bodies})
    try:
        answer = door.get(
            f"tasks of job {job_id}",
            lambda client: client.create_task_collection(job_id, group),
        )
    except Refused as error:
        if error.status != 413 and error.code != "RequestBodyTooLarge":
            raise
        _halve(door, job_id, bodies, error)
    else:
        _judge(job_id, bodies, answer.get("value") or [])


def _halve(door: BatchDoor, job_id: str, bodies: Sequence[Body], too_large: Refused) -> None:
    if len(bodies) == 1:
        message = f"task {bodies[0]['id']} of job {job_id} is too large for one request"
        raise Refused(too_large.code, too_large.status, message) from too_large
    middle = len(bodies) // 2
    _add(door, job_id, bodies[:middle])
    _add(door, job_id, bodies[middle:])


def _judge(job_id: str, bodies: Sequence[Body], results: Sequence[Body]) -> None:
    """A refusal for good is told before one that passes: trying again would not help it."""
    wrong = [each for each in results if _status(each) == "clienterror" and _code(each) != "TaskExists"]
    if wrong:
        raise Refused(_code(wrong[0]), 400, f"job {job_id}: " + "; ".join(_said(each) for each in wrong[:5]))
    added = {each["taskId"] for each in results if _status(each) in ("success", "clienterror")}
    missing = [body["id"] for body in bodies if body["id"] not in added]
    if missing:
        raise Transient(f"job {job_id}: the service could not add {len(missing)} tasks, the first is {missing[0]}")


def _status(result: Body) -> str:
    return str(result["status"]).lower()


def _code(result: Body) -> str:
    return (result.get("error") or {}).get("code") or "Unknown"


def _said(result: Body) -> str:
    error = result.get("error") or {}
    message = (error.get("message") or {}).get("value") or ""
    values = [f"{each.get('key')}: {each.get('value')}" for each in error.get("values") or ()]
    first = next(iter(message.splitlines()), "")
    return VEIL.over(f"task {result['taskId']}: {_code(result)} {first} {' '.join(values)}").strip()
