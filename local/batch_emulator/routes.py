"""Every operation of the API: its verb, its path, what its query may hold, and the function that carries it out."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from local.batch_emulator.failures import BatchError
from local.batch_emulator.operations import account, files, jobs, nodes, pools, tasks
from local.batch_emulator.protocol.exchange import Answer, Call
from local.batch_emulator.world import World

Operation = Callable[[World, Call], Answer]

_LIST = ("maxresults", "$filter", "$select", "$expand", "$skiptoken")
_GET = ("$select", "$expand")
_FILES = ("maxresults", "$filter", "recursive", "$skiptoken")


@dataclass(frozen=True)
class Route:
    """One operation. Without `carry_out` it is known, and answered 501."""

    name: str
    method: str
    path: str
    query: tuple[str, ...] = ()
    carry_out: Operation | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The segments of its path."""
        return tuple(self.path.strip("/").split("/"))


def _built(carry_out: Operation, method: str, path: str, query: tuple[str, ...] = ()) -> Route:
    return Route(carry_out.__name__, method, path, query, carry_out)


_POOL, _NODE = "/pools/{poolId}", "/pools/{poolId}/nodes/{nodeId}"
_JOB, _TASK = "/jobs/{jobId}", "/jobs/{jobId}/tasks/{taskId}"
_SCHEDULE = "/jobschedules/{jobScheduleId}"
_TASK_FILE, _NODE_FILE = _TASK + "/files/{filePath}", _NODE + "/files/{filePath}"

BUILT = (
    _built(pools.create_pool, "POST", "/pools"),
    _built(pools.list_pools, "GET", "/pools", _LIST),
    _built(pools.delete_pool, "DELETE", _POOL),
    _built(pools.pool_exists, "HEAD", _POOL),
    _built(pools.get_pool, "GET", _POOL, _GET),
    _built(pools.update_pool, "PATCH", _POOL),
    _built(pools.disable_pool_auto_scale, "POST", _POOL + "/disableautoscale"),
    _built(pools.enable_pool_auto_scale, "POST", _POOL + "/enableautoscale"),
    _built(pools.evaluate_pool_auto_scale, "POST", _POOL + "/evaluateautoscale"),
    _built(pools.resize_pool, "POST", _POOL + "/resize"),
    _built(pools.stop_pool_resize, "POST", _POOL + "/stopresize"),
    _built(pools.replace_pool_properties, "POST", _POOL + "/updateproperties"),
    _built(pools.remove_nodes, "POST", _POOL + "/removenodes"),
    _built(account.list_supported_images, "GET", "/supportedimages", ("maxresults", "$filter", "$skiptoken")),
    _built(pools.list_pool_node_counts, "GET", "/nodecounts", ("maxresults", "$filter", "$skiptoken")),
    _built(jobs.delete_job, "DELETE", _JOB, ("force",)),
    _built(jobs.get_job, "GET", _JOB, _GET),
    _built(jobs.update_job, "PATCH", _JOB),
    _built(jobs.replace_job, "PUT", _JOB),
    _built(jobs.disable_job, "POST", _JOB + "/disable"),
    _built(jobs.enable_job, "POST", _JOB + "/enable"),
    _built(jobs.terminate_job, "POST", _JOB + "/terminate", ("force",)),
    _built(jobs.create_job, "POST", "/jobs"),
    _built(jobs.list_jobs, "GET", "/jobs", _LIST),
    _built(
        jobs.list_job_preparation_and_release_task_status,
        "GET",
        _JOB + "/jobpreparationandreleasetaskstatus",
        ("maxresults", "$filter", "$select", "$skiptoken"),
    ),
    _built(jobs.get_job_task_counts, "GET", _JOB + "/taskcounts"),
    _built(tasks.create_task, "POST", _JOB + "/tasks"),
    _built(tasks.list_tasks, "GET", _JOB + "/tasks", _LIST),
    _built(tasks.create_task_collection, "POST", _JOB + "/addtaskcollection"),
    _built(tasks.delete_task, "DELETE", _TASK),
    _built(tasks.get_task, "GET", _TASK, _GET),
    _built(tasks.replace_task, "PUT", _TASK),
    _built(tasks.terminate_task, "POST", _TASK + "/terminate"),
    _built(tasks.reactivate_task, "POST", _TASK + "/reactivate"),
    _built(files.delete_task_file, "DELETE", _TASK_FILE, ("recursive",)),
    _built(files.download_task_file, "GET", _TASK_FILE),
    _built(files.get_task_file_properties, "HEAD", _TASK_FILE),
    _built(files.list_task_files, "GET", _TASK + "/files", _FILES),
    _built(nodes.get_node, "GET", _NODE, ("$select",)),
    _built(nodes.reboot_node, "POST", _NODE + "/reboot"),
    _built(nodes.reimage_node, "POST", _NODE + "/reimage"),
    _built(nodes.disable_node_scheduling, "POST", _NODE + "/disablescheduling"),
    _built(nodes.enable_node_scheduling, "POST", _NODE + "/enablescheduling"),
    _built(nodes.list_nodes, "GET", _POOL + "/nodes", ("maxresults", "$filter", "$select", "$skiptoken")),
    _built(files.delete_node_file, "DELETE", _NODE_FILE, ("recursive",)),
    _built(files.download_node_file, "GET", _NODE_FILE),
    _built(files.get_node_file_properties, "HEAD", _NODE_FILE),
    _built(files.list_node_files, "GET", _NODE + "/files", _FILES),
)

UNBUILT = (
    Route("list_applications", "GET", "/applications"),
    Route("get_application", "GET", "/applications/{applicationId}"),
    Route("list_pool_usage_metrics", "GET", "/poolusagemetrics"),
    Route("list_jobs_from_schedule", "GET", _SCHEDULE + "/jobs"),
    Route("job_schedule_exists", "HEAD", _SCHEDULE),
    Route("delete_job_schedule", "DELETE", _SCHEDULE),
    Route("get_job_schedule", "GET", _SCHEDULE),
    Route("update_job_schedule", "PATCH", _SCHEDULE),
    Route("replace_job_schedule", "PUT", _SCHEDULE),
    Route("disable_job_schedule", "POST", _SCHEDULE + "/disable"),
    Route("enable_job_schedule", "POST", _SCHEDULE + "/enable"),
    Route("terminate_job_schedule", "POST", _SCHEDULE + "/terminate"),
    Route("create_job_schedule", "POST", "/jobschedules"),
    Route("list_job_schedules", "GET", "/jobschedules"),
    Route("list_subtasks", "GET", _TASK + "/subtasksinfo"),
    Route("create_node_user", "POST", _NODE + "/users"),
    Route("delete_node_user", "DELETE", _NODE + "/users/{userName}"),
    Route("replace_node_user", "PUT", _NODE + "/users/{userName}"),
    Route("start_node", "POST", _NODE + "/start"),
    Route("deallocate_node", "POST", _NODE + "/deallocate"),
    Route("get_node_remote_login_settings", "GET", _NODE + "/remoteloginsettings"),
    Route("upload_node_logs", "POST", _NODE + "/uploadbatchservicelogs"),
    Route("get_node_extension", "GET", _NODE + "/extensions/{extensionName}"),
    Route("list_node_extensions", "GET", _NODE + "/extensions"),
)

ROUTES = BUILT + UNBUILT


def _fits(route: Route, segments: tuple[str, ...]) -> bool:
    parts = route.parts
    if parts[-1] == "{filePath}" and len(segments) > len(parts):
        segments = segments[: len(parts)]
    return len(parts) == len(segments) and all(
        part.startswith("{") or part == unquote(segment).lower() for part, segment in zip(parts, segments, strict=True)
    )


def _ids(route: Route, segments: tuple[str, ...]) -> dict[str, str]:
    count = len(route.parts)
    whole = (*segments[: count - 1], "/".join(segments[count - 1 :]))
    pairs = zip(route.parts, whole, strict=True)
    return {part.strip("{}"): unquote(segment) for part, segment in pairs if part.startswith("{")}


def match(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Find the operation for a raw path, split before it is decoded; raise InvalidUri or UnsupportedHttpVerb."""
    segments = tuple(path.strip("/").split("/"))
    found = [route for route in ROUTES if _fits(route, segments)]
    if not found:
        raise BatchError("InvalidUri", Reason=f"No operation has the path {path}.")
    for route in found:
        if route.method == method:
            return route, _ids(route, segments)
    raise BatchError("UnsupportedHttpVerb", Reason=f"{method} is not one of {sorted({r.method for r in found})}.")
