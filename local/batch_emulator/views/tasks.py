"""Tasks."""

from local.batch_emulator.protocol.moments import UNLIMITED
from local.batch_emulator.protocol.pages import Properties
from local.batch_emulator.state import Task, Wire
from local.batch_emulator.views.attempts import given, task_info

DEFAULT_USER = {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}}


def _constraints(task: Task) -> Wire:
    given_ones = task.spec.get("constraints") or {}
    return {"maxWallClockTime": UNLIMITED, "retentionTime": "P7D", "maxTaskRetryCount": 0} | given_ones


def _node(task: Task, base: str) -> Wire | None:
    if task.node is None:
        return None
    url = f"{base}/pools/{task.node.pool.id}/nodes/{task.node.id}"
    root = task.directory.relative_to(task.node.root).as_posix() if task.directory else None
    return {
        "affinityId": f"TVM:{task.node.id}",
        "nodeUrl": url,
        "poolId": task.node.pool.id,
        "nodeId": task.node.id,
        "taskRootDirectory": root,
        "taskRootDirectoryUrl": f"{url}/files/{root}" if root else None,
    }


def container_settings(task: Task) -> Wire | None:
    """Write the container settings without the registry's password, which the service never shows."""
    found: Wire | None = task.spec.get("containerSettings")
    if not found or "registry" not in found:
        return found
    shown = {name: value for name, value in found["registry"].items() if name != "password"}
    return found | {"registry": shown}


PROPERTIES: Properties[Task] = {
    "id": lambda task, _: task.id,
    "displayName": given("displayName"),
    "url": lambda task, base: f"{base}/jobs/{task.job_id}/tasks/{task.id}",
    "eTag": lambda task, _: task.etag,
    "lastModified": lambda task, _: task.modified,
    "creationTime": lambda task, _: task.created,
    "exitConditions": given("exitConditions"),
    "state": lambda task, _: task.state,
    "stateTransitionTime": lambda task, _: task.state_since,
    "previousState": lambda task, _: task.previous_state,
    "previousStateTransitionTime": lambda task, _: task.previous_since,
    "commandLine": given("commandLine"),
    "containerSettings": lambda task, _: container_settings(task),
    "resourceFiles": given("resourceFiles"),
    "outputFiles": given("outputFiles"),
    "environmentSettings": given("environmentSettings"),
    "affinityInfo": given("affinityInfo"),
    "constraints": lambda task, _: _constraints(task),
    "requiredSlots": lambda task, _: task.slots,
    "userIdentity": given("userIdentity", DEFAULT_USER),
    "executionInfo": lambda task, _: task_info(task),
    "nodeInfo": _node,
    "stats": lambda _task, _: None,
}
