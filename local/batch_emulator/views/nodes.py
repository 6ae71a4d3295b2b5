"""Nodes."""

from local.batch_emulator.protocol.pages import Properties
from local.batch_emulator.state import Node, Task, Wire
from local.batch_emulator.views.attempts import attempt_info, task_info

AGENT_VERSION = "1.12.15"


def _start_task_info(node: Node) -> Wire | None:
    if node.start_attempt is None:
        return None
    return {"state": "running" if node.start_task else "completed"} | attempt_info(node.start_attempt)


def _recent(task: Task, base: str) -> Wire:
    return {
        "taskUrl": f"{base}/jobs/{task.job_id}/tasks/{task.id}",
        "jobId": task.job_id,
        "taskId": task.id,
        "taskState": task.state,
        "executionInfo": task_info(task),
    }


def _agent(node: Node) -> Wire | None:
    return {"version": AGENT_VERSION, "lastUpdateTime": node.booted} if node.booted else None


def _address(node: Node) -> str:
    return f"10.{node.pool.number % 256}.{node.number // 256 % 256}.{node.number % 256}"


def _used(node: Node) -> int:
    return sum(task.slots for task in node.tasks.values())


PROPERTIES: Properties[Node] = {
    "id": lambda node, _: node.id,
    "url": lambda node, base: f"{base}/pools/{node.pool.id}/nodes/{node.id}",
    "state": lambda node, _: node.state,
    "schedulingState": lambda node, _: "enabled" if node.scheduling else "disabled",
    "stateTransitionTime": lambda node, _: node.state_since,
    "lastBootTime": lambda node, _: node.booted,
    "allocationTime": lambda node, _: node.allocated,
    "ipAddress": lambda node, _: _address(node),
    "ipv6Address": lambda node, _: f"fd00::{node.pool.number:x}:{node.number:x}",
    "affinityId": lambda node, _: f"TVM:{node.id}",
    "vmSize": lambda node, _: node.pool.spec["vmSize"],
    "totalTasksRun": lambda node, _: node.total_run,
    "runningTasksCount": lambda node, _: len(node.tasks),
    "runningTaskSlotsCount": lambda node, _: _used(node),
    "totalTasksSucceeded": lambda node, _: node.total_succeeded,
    "recentTasks": lambda node, base: [_recent(task, base) for task in node.recent] or None,
    "startTask": lambda node, _: node.pool.spec.get("startTask"),
    "startTaskInfo": lambda node, _: _start_task_info(node),
    "errors": lambda node, _: node.errors or None,
    "isDedicated": lambda node, _: node.dedicated,
    "nodeAgentInfo": lambda node, _: _agent(node),
    "virtualMachineInfo": lambda node, _: {
        "imageReference": node.pool.spec["virtualMachineConfiguration"]["imageReference"]
    },
}
