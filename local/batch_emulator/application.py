"""From a WSGI request to an operation and back: route, signature, version, faults, answer."""

import json
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from werkzeug import Request, Response

from local.batch_emulator import admin
from local.batch_emulator.arm.door import ARM_PREFIX, Arm
from local.batch_emulator.failures import BatchError, not_built, strike
from local.batch_emulator.protocol import versions
from local.batch_emulator.protocol.bearer import BATCH, check_bearer, is_bearer
from local.batch_emulator.protocol.errors import error_body
from local.batch_emulator.protocol.exchange import JSON_TYPE, Answer, Call, Headers
from local.batch_emulator.protocol.moments import header_date
from local.batch_emulator.protocol.signature import authenticate
from local.batch_emulator.routes import Route, match
from local.batch_emulator.world import World

LARGEST_BODY = 1024 * 1024
LONGEST_TIMEOUT = 30  # seconds the service may work on one request
_LOG = logging.getLogger(__name__)
_EVERYWHERE = ("api-version", "timeOut")


class Application:
    """The WSGI application of one account. `lock` guards everything it touches."""

    def __init__(
        self,
        world: World,
        key: str,
        lock: AbstractContextManager[object],
        admin_api: admin.Admin | None,
        begin_call: Callable[[str], None],
    ) -> None:
        """`begin_call` is told the name of each operation, under the lock, before it is carried out."""
        self._world = world
        self._key = key
        self._lock = lock
        self._admin = admin_api
        self._begin_call = begin_call
        self._arm = Arm(world, lock, begin_call)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path, query = _raw(request)
        if self._admin and path.startswith(admin.PREFIX):
            with self._lock:
                return self._admin.answer(request.method, path, request.get_data())
        request_id = str(uuid4())
        if path.lower().startswith(ARM_PREFIX):
            return self._arm.answer(request, path, request_id)
        try:
            answer = self._dispatch(request, path, query)
        except BatchError as error:
            answer = self._refusal(error, request_id)
        except Exception:  # noqa: BLE001 - a defect is shown here and answered the way the service would
            _LOG.exception("%s %s met a defect", request.method, path)
            answer = self._refusal(BatchError("InternalError"), request_id)
        return _response(request, answer, self._headers(request, request_id))

    def _dispatch(self, request: Request, path: str, query: str) -> Answer:
        wall = datetime.now(UTC)  # the client signs with real time, whatever the service's clock says
        headers = Headers(request.headers.items())
        if is_bearer(headers.get("Authorization")):
            check_bearer(headers["Authorization"], BATCH, scheme=request.scheme, now=wall)
        else:
            authenticate(request.method, path, query, headers, account=self._world.name, key=self._key, now=wall)
        route, ids = match(request.method, path)
        versions.check(request.args)
        _check_query(request, route)
        _check_length(request)
        body = request.get_data()
        with self._lock:
            now = self._world.now()
            base = request.host_url.rstrip("/")
            call = Call(request.method, path, request.args, headers, body, ids, base, now)
            return self._carry_out(route, call)

    def _carry_out(self, route: Route, call: Call) -> Answer:
        self._begin_call(route.name)
        strike(self._world.faults.strike(route.name, after=False))
        if route.carry_out is None:
            raise not_built(f"the operation {route.name}")
        answer = route.carry_out(self._world, call)
        strike(self._world.faults.strike(route.name, after=True))
        return answer

    def _refusal(self, error: BatchError, request_id: str) -> Answer:
        headers = {} if "retry_after" not in error.values else {"Retry-After": error.values.pop("retry_after")}
        return Answer(error.status, error_body(error, request_id, self._world.now()), headers)

    def _headers(self, request: Request, request_id: str) -> dict[str, str]:
        headers = {"request-id": request_id, "Date": header_date(self._world.now()), "DataServiceVersion": "3.0"}
        wanted = request.headers.get("return-client-request-id", "").lower() == "true"
        if wanted and "client-request-id" in request.headers:
            headers["client-request-id"] = request.headers["client-request-id"]
        return headers


def _raw(request: Request) -> tuple[str, str]:
    """Give path and query as they were sent: a file path is one percent-encoded segment."""
    uri = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or quote(request.path)
    path, _, query = str(uri).partition("?")
    if "://" in path:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return path, query or request.query_string.decode("ascii", "replace")


def _check_query(request: Request, route: Route) -> None:
    if route.carry_out is None:
        return
    for name in request.args:
        if name not in _EVERYWHERE and name.lower() != "timeout" and name not in route.query:
            raise BatchError("UnsupportedQueryParameter", QueryParameterName=name)
    timeout = request.args.get("timeOut")
    if timeout is not None and not timeout.isdecimal():
        raise BatchError("InvalidQueryParameterValue", QueryParameterName="timeOut", QueryParameterValue=timeout)
    if timeout is not None and not 1 <= int(timeout) <= LONGEST_TIMEOUT:
        raise BatchError("OutOfRangeQueryParameterValue", QueryParameterName="timeOut", QueryParameterValue=timeout)


def _check_length(request: Request) -> None:
    if (request.content_length or 0) > LARGEST_BODY:
        raise BatchError("RequestBodyTooLarge", Reason=f"The body has more than {LARGEST_BODY} bytes.")
    if request.content_length and not (request.content_type or "").startswith("application/json"):
        raise BatchError("InvalidHeaderValue", HeaderName="Content-Type", HeaderValue=request.content_type or "")


def _response(request: Request, answer: Answer, headers: dict[str, str]) -> Response:
    content: Any = answer.stream if answer.stream is not None else b""
    if answer.body is not None:
        content = json.dumps(answer.body).encode()
    silent = answer.status in (204, 304)
    response = Response(b"" if silent else content, answer.status, {**headers, **answer.headers})
    if answer.body is not None and not silent:
        response.content_type = JSON_TYPE
    elif "Content-Type" not in answer.headers:
        response.headers.pop("Content-Type", None)
    if request.method == "HEAD":
        response.automatically_set_content_length = False
        response.set_data(b"")
        response.headers["Content-Length"] = answer.headers.get("Content-Length", "0")
    return response
