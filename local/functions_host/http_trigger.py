"""HTTP triggers: a request becomes a call, its return value the response."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure.functions.meta import Datum
from werkzeug.wrappers import Request, Response

from local.functions_host.indexing import IndexedFunction
from local.functions_host.invocation import Call
from local.functions_host.invoker import Invoker
from local.functions_host.keys import Keys
from local.functions_host.route import Route, path_segments

log = logging.getLogger("Host.Http")
# The load balancer in front of Azure Functions hangs up then, whatever functionTimeout says.
_AZURE_GIVES_UP = 230.0


@dataclass(frozen=True)
class Endpoint:
    """One HTTP function."""

    function: IndexedFunction
    route: Route
    methods: frozenset[str]
    level: str

    @classmethod
    def of(cls, function: IndexedFunction, prefix: str) -> "Endpoint":
        """The endpoint of a function; no methods means all of them."""
        trigger = function.trigger
        template = "/".join([prefix, trigger.text("route") or function.name])
        methods = frozenset(str(method).upper() for method in trigger.properties.get("methods") or ())
        level = (trigger.text("authLevel") or "function").lower()
        return cls(function, Route.parse(template, trigger.where), methods, level)

    def accepts(self, method: str) -> bool:
        """Whether it takes this method."""
        return not self.methods or method in self.methods


class HttpTriggers:
    """All HTTP functions of the app."""

    def __init__(self, endpoints: Sequence[Endpoint], keys: Keys, invoker: Invoker) -> None:
        self._endpoints = sorted(endpoints, key=lambda endpoint: endpoint.route.rank)
        self._keys = keys
        self._invoker = invoker

    def answer(self, request: Request, raw_path: str) -> Response:
        """The function's response; 404 also for a method that no function takes, as the host does."""
        segments = path_segments(raw_path)
        for endpoint in self._endpoints:
            captures = endpoint.route.match(segments)
            if captures is not None and endpoint.accepts(request.method):
                if not self._keys.open(request, endpoint.level):
                    return Response(status=401)
                return self._run(endpoint, request, captures)
        return Response(status=404)

    def _run(self, endpoint: Endpoint, request: Request, captures: Mapping[str, str]) -> Response:
        began = time.monotonic()
        payload = Datum(_request(request, captures), "http")
        reason = f"This function was called by {request.method} {request.path}"
        future = self._invoker.start(Call(endpoint.function, reason, payload, {}, captures))
        error = future.exception()
        if (took := time.monotonic() - began) > _AZURE_GIVES_UP:
            log.warning("%s took %d s: in Azure the caller gets an error after 230 s", endpoint.function.name, took)
        return Response(status=500) if error is not None else _response(future.result())


def _request(request: Request, captures: Mapping[str, str]) -> dict[str, Any]:
    query = {name: ",".join(request.args.getlist(name)) for name in request.args}
    return {
        "method": Datum(request.method, "string"),
        "url": Datum(f"{request.scheme}://{request.host}{request.environ['REQUEST_URI']}", "string"),
        "headers": {name.lower(): Datum(value, "string") for name, value in request.headers.items()},
        "query": {name: Datum(value, "string") for name, value in query.items()},
        "params": {name: Datum(value, "string") for name, value in captures.items()},
        "body": Datum(request.get_data(), "bytes"),
    }


def _response(returned: Datum | None) -> Response:
    if returned is None:
        return Response(status=204)
    if returned.type != "http":
        return Response(returned.value, content_type="text/plain; charset=utf-8")
    value = returned.value
    response = Response(value["body"].value, status=int(value["status_code"].value))
    for name, header in value["headers"].items():
        response.headers[name] = header.value
    for cookie in value["cookies"] or ():
        for morsel in cookie.values():
            response.headers.add("Set-Cookie", morsel.OutputString())
    return response
