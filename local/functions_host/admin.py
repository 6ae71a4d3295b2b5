"""`/admin`: run a function now, and ask how the host is."""

import json
import logging
from collections.abc import Callable, Mapping

from azure.core.exceptions import AzureError
from werkzeug.wrappers import Request, Response

from local.functions_host.indexing import IndexedFunction
from local.functions_host.invocation import Call
from local.functions_host.invoker import Invoker
from local.functions_host.queue_listener import Drop

log = logging.getLogger("Host.Admin")
MakeCall = Callable[[str], Call]


class Admin:
    """`calls` makes, for each function that may be run by hand, a call from the `input` text."""

    def __init__(
        self,
        host_id: str,
        functions: Mapping[str, IndexedFunction],
        calls: Mapping[str, MakeCall],
        invoker: Invoker,
    ) -> None:
        self._host_id = host_id
        self._functions = {name.lower(): function for name, function in functions.items()}
        self._calls = {name.lower(): make for name, make in calls.items()}
        self._invoker = invoker

    def answer(self, request: Request, path: tuple[str, ...]) -> Response:
        """Dispatch by the segments below `/admin`."""
        if path == ("host", "status") and request.method == "GET":
            return _json({"id": self._host_id, "state": "Running", "functions": len(self._functions)})
        if path == ("host", "ping"):
            return Response(status=200)
        if path == ("functions",) and request.method == "GET":
            return _json([_described(function) for function in self._functions.values()])
        if len(path) == 2 and path[0] == "functions" and request.method == "POST":
            return self._invoke(path[1].lower(), request)
        return Response(status=404)

    def _invoke(self, name: str, request: Request) -> Response:
        if name not in self._functions:
            return Response(status=404)
        if name not in self._calls:
            return _text(400, f"{self._functions[name].name} is an HTTP function: call its own URL")
        try:
            call = self._calls[name](_input(request))
        except (ValueError, TypeError, Drop, AzureError) as error:
            return _text(400, str(error))
        self._invoker.start(call)
        return Response(status=202)


def _input(request: Request) -> str:
    document = json.loads(request.get_data() or b"{}")
    text = document.get("input", "") if isinstance(document, dict) else None
    if not isinstance(text, str):
        raise TypeError("the body must be an object with a string as input")
    return text


def _described(function: IndexedFunction) -> dict[str, str]:
    return {"name": function.name, "trigger": function.trigger.type}


def _json(value: object) -> Response:
    return Response(json.dumps(value), content_type="application/json")


def _text(status: int, text: str) -> Response:
    return Response(text, status=status, content_type="text/plain; charset=utf-8")
