"""Requests to Azure Resource Manager: path, token, api-version, faults, and ARM's form of errors."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from werkzeug import Request, Response

from local.batch_emulator.arm import account, pools
from local.batch_emulator.failures import BatchError, not_built, strike
from local.batch_emulator.protocol.bearer import ARM, check_bearer
from local.batch_emulator.protocol.exchange import Answer, Call, Headers
from local.batch_emulator.world import World

ARM_PREFIX = "/subscriptions/"
_ACCOUNT = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Batch"
    "/batchAccounts/{accountName}"
)
_POOL = _ACCOUNT + "/pools/{poolName}"
_VERSION = re.compile(r"20\d\d-\d\d-\d\d(-preview)?")
_OLDEST = "2021-01-01"
_LOGIN = 'Bearer authorization_uri="https://login.microsoftonline.com/common", error="invalid_token"'


@dataclass(frozen=True)
class ArmRoute:
    """One operation of ARM. Without `carry_out` it is known, and answered 501."""

    name: str
    method: str
    path: str
    carry_out: Callable[[World, Call], Answer] | None = None


def _built(carry_out: Callable[[World, Call], Answer], method: str, path: str) -> ArmRoute:
    return ArmRoute(carry_out.__name__, method, path, carry_out)


ARM_ROUTES = (
    _built(pools.arm_create_pool, "PUT", _POOL),
    _built(pools.arm_update_pool, "PATCH", _POOL),
    _built(pools.arm_get_pool, "GET", _POOL),
    _built(pools.arm_list_pools, "GET", _ACCOUNT + "/pools"),
    _built(pools.arm_delete_pool, "DELETE", _POOL),
    _built(account.arm_get_account, "GET", _ACCOUNT),
    _built(pools.arm_pool_result, "GET", _ACCOUNT + "/poolOperationResults/{operation}"),
    ArmRoute("arm_disable_auto_scale", "POST", _POOL + "/disableAutoScale"),
    ArmRoute("arm_stop_resize", "POST", _POOL + "/stopResize"),
)


class Arm:
    """Answers ARM's requests for the pools of one account, under the emulator's lock."""

    def __init__(self, world: World, lock: AbstractContextManager[object], begin_call: Callable[[str], None]) -> None:
        self._world = world
        self._lock = lock
        self._begin_call = begin_call

    def answer(self, request: Request, path: str, request_id: str) -> Response:
        """Carry out one request; `path` is raw."""
        try:
            answer = self._dispatch(request, path)
        except BatchError as error:
            answer = _refusal(error)
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        response = Response(content, answer.status, dict(answer.headers), content_type="application/json")
        response.headers["x-ms-request-id"] = request_id
        return response

    def _dispatch(self, request: Request, path: str) -> Answer:
        wall = datetime.now(UTC)
        check_bearer(request.headers.get("Authorization"), ARM, scheme=request.scheme, now=wall)
        version = request.args.get("api-version", "")
        if not version:
            raise BatchError("MissingApiVersionParameter", "The api-version query parameter is required.", 400)
        if not _VERSION.fullmatch(version) or version < _OLDEST:
            raise BatchError("InvalidApiVersionParameter", f"The api-version {version!r} is not supported.", 400)
        route, ids = _match(request.method, path)
        if ids["accountName"].lower() != self._world.name.lower():
            raise _not_found(ids)
        body, headers = request.get_data(), Headers(request.headers.items())
        with self._lock:
            base = request.host_url.rstrip("/")
            call = Call(request.method, path, request.args, headers, body, ids, base, self._world.now())
            return self._carry_out(route, call)

    def _carry_out(self, route: ArmRoute, call: Call) -> Answer:
        self._begin_call(route.name)
        strike(self._world.faults.strike(route.name, after=False))
        if route.carry_out is None:
            raise not_built(f"the operation {route.name}")
        answer = route.carry_out(self._world, call)
        strike(self._world.faults.strike(route.name, after=True))
        return answer


def _match(method: str, path: str) -> tuple[ArmRoute, dict[str, str]]:
    segments = [unquote(each) for each in path.strip("/").split("/")]
    found = [(route, ids) for route in ARM_ROUTES if (ids := _ids(route.path, segments)) is not None]
    if not found:
        raise BatchError("InvalidResourceType", f"Nothing here has the path {path}.", 404)
    for route, ids in found:
        if route.method == method:
            return route, ids
    raise BatchError("UnsupportedHttpVerb", f"{method} is not supported by this resource.")


def _ids(path: str, segments: list[str]) -> dict[str, str] | None:
    parts = path.strip("/").split("/")
    pairs = list(zip(parts, segments, strict=False))
    if len(parts) != len(segments) or any(p[0] != "{" and p.lower() != s.lower() for p, s in pairs):
        return None
    return {part.strip("{}"): segment for part, segment in pairs if part[0] == "{"}


def _not_found(ids: dict[str, str]) -> BatchError:
    name, group = ids["accountName"], ids["resourceGroupName"]
    text = f"The Resource 'Microsoft.Batch/batchAccounts/{name}' under resource group '{group}' was not found."
    return BatchError("ResourceNotFound", text)


def _refusal(error: BatchError) -> Answer:
    headers = {} if "retry_after" not in error.values else {"Retry-After": error.values.pop("retry_after")}
    if error.status == 401:
        headers["WWW-Authenticate"] = _LOGIN
    details = [{"code": name, "message": value} for name, value in error.values.items()]
    content = {"code": error.code, "message": error.message, **({"details": details} if details else {})}
    return Answer(error.status, {"error": content}, headers)
