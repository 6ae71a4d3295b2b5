"""The emulator against the description of the API and its official examples."""

import json
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from local.batch_emulator.routes import ROUTES
from tests.batch_emulator.ground import CONTAINERS, MACHINE, Ground
from tests.batch_emulator.wire_contract import FOLDER, OFFICIAL, Schemas, read

pytestmark = pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the description of the API is not beside the checkout")

EXAMPLES = sorted(path.stem for path in (OFFICIAL / "examples").glob("*.json")) if OFFICIAL.is_dir() else []
# Official examples that this emulator refuses by name, each with the part that it does not carry out.
REFUSED = {
    "Jobs_CreateJob_Complex": "usesTaskDependencies, jobManagerTask, autoPoolSpecification",
    "Pools_CreatePool_MountConfiguration": "mountConfiguration",
    "Pools_CreatePool_VirtualMachineConfigurationWithExtensions": "extensions",
    "Tasks_CreateTaskCollection_Complex": "dependsOn",
}


@pytest.fixture(scope="module")
def swagger() -> Any:
    """The official description."""
    return read(OFFICIAL / "BatchService.json")


def _operation(swagger: Any, name: str) -> tuple[str, str, Any]:
    for path, verbs in swagger["paths"].items():
        for verb, operation in verbs.items():
            if operation["operationId"] == name:
                return verb.upper(), path, operation
    raise LookupError(name)


def test_every_operation_of_the_sdk_is_known() -> None:
    """All operations, with verb, path and query, are in the table of routes, and no others."""
    wanted = {}
    for name, operation in read(FOLDER / "sdk-operations-2025-06-01.json").items():
        query = frozenset(operation["query"]) - {"api-version", "timeOut"}
        wanted[name.strip("_").removesuffix("_internal")] = (operation["method"], operation["url"], query)
    assert {route.name for route in ROUTES} == set(wanted)
    for route in ROUTES:
        method, url, query = wanted[route.name]
        assert (route.method, route.path) == (method, url)
        if route.carry_out is not None:
            assert frozenset(route.query) - {"$skiptoken"} == query, route.name


def _prepare(ground: Ground, name: str, values: dict[str, Any]) -> None:
    """Make what the example's ids name, in the state its operation needs."""
    if "poolId" in values and "ListPool" not in name:
        values["poolId"] = values["poolId"].strip()
        auto = {"enableAutoScale": True, "autoScaleFormula": "$TargetDedicatedNodes=2;"}
        more = auto if "EvaluatePoolAuto" in name else {}
        ground.pool(values["poolId"], nodes=2, startTask={"commandLine": "x"}, **more)
        if name == "Pools_RemoveNodes":
            values["content"]["nodeList"] = [node.id for node in ground.nodes(values["poolId"])]
        if name == "Pools_StopPoolResize":
            ground.client._resize_pool_internal(values["poolId"], {"targetDedicatedNodes": 3})
    if "jobId" in values:
        _prepare_job(ground, name, values)
    if "nodeId" in values:
        values["nodeId"] = ground.nodes(values["poolId"])[0].id
        if name == "Nodes_EnableNodeScheduling":
            ground.client.disable_node_scheduling(
                values["poolId"], values["nodeId"], {"nodeDisableSchedulingOption": "requeue"}
            )
    if "filePath" in values:
        values["filePath"] = "stdout.txt" if "taskId" in values else "startup/stdout.txt"


def _prepare_job(ground: Ground, name: str, values: dict[str, Any]) -> None:
    running = name in ("Tasks_TerminateTask", "Tasks_ReplaceTask")
    ground.programs.default = None if running else 3
    ground.pool("poolId")
    preparation = {"jobPreparationTask": {"commandLine": "x"}} if "Preparation" in name else {}
    ground.job(values["jobId"], "poolId", **preparation)
    ground.task(values.get("taskId", "some"), values["jobId"])
    ground.advance(2)
    if name == "Jobs_EnableJob":
        ground.client._disable_job_internal(values["jobId"], {"disableTasks": "wait"})
        ground.advance(1)


def _request(swagger: Any, name: str, values: dict[str, Any]) -> tuple[HttpRequest, Any]:
    verb, path, operation = _operation(swagger, name)
    query = {"api-version": values["api-version"]}
    body = None
    for parameter in operation["parameters"]:
        key = parameter.get("name")
        if key not in values:
            continue
        if parameter["in"] == "path":
            path = path.replace("{" + key + "}", values[key].replace("/", "%2F"))
        elif parameter["in"] == "query":
            query[key] = str(values[key])
        elif parameter["in"] == "body":
            body = json.dumps(values[key]).encode()
    headers = {"Content-Length": str(len(body or b""))} if verb in ("POST", "PUT", "PATCH", "DELETE") else {}
    if body is not None:
        headers["Content-Type"] = "application/json; odata=minimalmetadata"
    return HttpRequest(verb, path, params=query, headers=headers, content=body), operation


def _machine(ground: Ground, name: str, values: dict[str, Any]) -> None:
    """The examples' agents are past their support; everything else of them stays."""
    machine = values.get("pool", {}).get("virtualMachineConfiguration")
    if machine and "nodeAgentSKUId" in machine:
        machine["nodeAgentSKUId"] = MACHINE["nodeAgentSKUId"]
    if name == "Tasks_CreateTask_ContainerSettings":
        ground.admin("DELETE", "/pools/poolId")
        ground.pool("poolId", machine=MACHINE | CONTAINERS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_official_examples(ground: Ground, swagger: Any, example: str) -> None:
    """Each official request is answered with the documented status and a body of the documented shape."""
    content = read(OFFICIAL / "examples" / f"{example}.json")
    name, values = content["operationId"], dict(content["parameters"])
    route = _route(swagger, name)
    if route.carry_out is not None:
        _prepare(ground, name, values)
        _machine(ground, example, values)
    request, operation = _request(swagger, name, values)
    answer = _send(ground, request)
    if route.carry_out is None or example in REFUSED:
        assert answer.status_code == 501 or "NotImplemented" in answer.text()
        return
    wanted = {int(status) for status in content["responses"] if status != "default"}
    assert answer.status_code in wanted, answer.text()
    schema = operation["responses"][str(answer.status_code)].get("schema")
    if schema and schema.get("type") != "file" and request.method != "HEAD":
        assert Schemas(swagger).faults(schema, answer.json()) == []


def _route(swagger: Any, name: str) -> Any:
    verb, path, _ = _operation(swagger, name)
    return next(route for route in ROUTES if (route.method, route.path) == (verb, path))


def _send(ground: Ground, request: HttpRequest) -> Any:
    """Send without raising: the test looks at the status itself."""
    from azure.core.exceptions import HttpResponseError

    try:
        return ground.client.send_request(request)
    except HttpResponseError as error:
        return error.response


def test_a_tour_fits_the_description(ground: Ground) -> None:
    """Pool, nodes, job, tasks and counts of a job that ran are of the shape of the 2025-06-01 models."""
    derived = read(FOLDER / "sdk-derived-2025-06-01.json")
    schemas = Schemas(derived)
    ground.programs.answers["bad"] = 3
    ground.pool(startTask={"commandLine": "x"}, metadata=[{"name": "a", "value": "b"}])
    ground.job(jobPreparationTask={"commandLine": "x"}, commonEnvironmentSettings=[{"name": "A", "value": "b"}])
    for name in ("good", "bad"):
        ground.task(name, constraints={"maxTaskRetryCount": 1})
    ground.advance(10)
    node = ground.nodes()[0].id
    for path, model in (
        ("/pools/p", "BatchPool"),
        (f"/pools/p/nodes/{node}", "BatchNode"),
        ("/jobs/j", "BatchJob"),
        ("/jobs/j/tasks/bad", "BatchTask"),
        ("/jobs/j/tasks/good", "BatchTask"),
        ("/jobs/j/taskcounts", "BatchTaskCountsResult"),
    ):
        answer = _send(ground, HttpRequest("GET", f"{path}?api-version=2025-06-01"))
        assert schemas.faults({"$ref": f"#/definitions/{model}"}, answer.json(), model) == []
