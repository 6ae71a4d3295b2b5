"""The function app as the official worker sees it: it indexes, and yields the bindings that the host is to make."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"BATCHDROP_MANIFEST_SOURCE": "EventGrid"}
EXPECTED: dict[str, dict[str, Any]] = {
    "on_drop": {"type": "blobTrigger", "path": "jobs/{name}", "connection": "BATCHDROP_CONTROL", "source": "EventGrid"},
    "on_tick": {"type": "timerTrigger", "schedule": "%BATCHDROP_TICK%"},
    "on_sweep": {"type": "timerTrigger", "schedule": "%BATCHDROP_SWEEP%", "runOnStartup": True},
    "on_reap": {"type": "timerTrigger", "schedule": "%BATCHDROP_REAP%"},
    "on_wake": {"type": "queueTrigger", "queueName": "batchdrop-wake", "connection": "BATCHDROP_CONTROL"},
    "on_poison": {"type": "queueTrigger", "queueName": "batchdrop-wake-poison", "connection": "BATCHDROP_CONTROL"},
    "on_tasks_ended": {"type": "eventGridTrigger"},
    "http_jobs": {"type": "httpTrigger", "route": "jobs", "authLevel": "FUNCTION"},
    "http_job": {"type": "httpTrigger", "route": "jobs/{id}", "authLevel": "FUNCTION"},
    "http_openapi": {"type": "httpTrigger", "route": "openapi.json", "authLevel": "FUNCTION"},
    "http_job_part": {"type": "httpTrigger", "route": "jobs/{id}/{part}", "authLevel": "FUNCTION"},
}
WORDS = [
    "BindingInfo",
    "StatusResult",
    "RpcFunctionMetadata",
    "RpcRetryOptions",
    "FunctionMetadataResponse",
    "FunctionLoadResponse",
    "WorkerInitResponse",
    "WorkerMetadata",
    "InvocationResponse",
    "RpcException",
    "RpcHttp",
    "RpcHttpCookie",
    "TypedData",
    "ParameterBinding",
]


class Bag(SimpleNamespace):
    """A message of the worker's protocol: keyword fields, nothing else."""

    inout, out, undefined = 2, 1, 0
    Failure, Success = 0, 1


def protocol() -> SimpleNamespace:
    return SimpleNamespace(**{word: type(word, (Bag,), {}) for word in WORDS})


def ask(message: str, protos: SimpleNamespace, **fields: Any) -> SimpleNamespace:
    request = SimpleNamespace(**{message: SimpleNamespace(**fields)})
    return SimpleNamespace(request=request, properties={"host": "127.0.0.1", "protos": protos})


def indexed_by_the_worker(runtime: Any) -> dict[str, list[dict[str, Any]]]:
    """Function name -> its bindings, by the official library."""

    async def talk() -> dict[str, list[dict[str, Any]]]:
        protos = protocol()
        init = ask("worker_init_request", protos, capabilities={}, function_app_directory=str(ROOT))
        answer = await runtime.worker_init_request(init)
        assert answer.result.status == 1, answer.result.exception.message
        found = await runtime.functions_metadata_request(
            ask("functions_metadata_request", protos, function_app_directory=str(ROOT))
        )
        return {each.name: [json.loads(raw) for raw in each.raw_bindings] for each in found.function_metadata_results}

    return asyncio.run(talk())


def test_the_official_worker_indexes_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trigger of the design, with its path, queue, schedule and connection."""
    runtime = pytest.importorskip("azure_functions_runtime", reason="the worker library exists from Python 3.13 on")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(ROOT))
    sys.modules.pop("function_app", None)
    functions = indexed_by_the_worker(runtime)
    assert set(functions) == set(EXPECTED)
    for name, wanted in EXPECTED.items():
        trigger = functions[name][0]
        assert {key: trigger.get(key) for key in wanted} == wanted


def test_importing_the_app_loads_no_sdk() -> None:
    """Only azure.functions is loaded at import: the SDKs come with the first call."""
    code = (
        "import sys; import function_app; "
        "print(*sorted(name for name in sys.modules if name.count('.') == 1 and name.startswith('azure.')))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.split() == ["azure.functions"]


def test_a_source_that_is_none_is_refused_by_name() -> None:
    """BATCHDROP_MANIFEST_SOURCE is one of two words."""
    from shared.settings import SettingsError, manifest_source

    assert manifest_source({}) == "LogsAndContainerScan"
    with pytest.raises(SettingsError, match="BATCHDROP_MANIFEST_SOURCE"):
        manifest_source({"BATCHDROP_MANIFEST_SOURCE": "polling"})
