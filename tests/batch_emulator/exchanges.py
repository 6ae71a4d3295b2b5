"""What goes to an emulated account and comes back, as it was on the wire, held against the SDK's own models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from local.batch_emulator.routes import ROUTES
from tests.batch_emulator.sdk_models import answer_model, faults, request_model

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True)
class Exchange:
    """`operation` as the emulator's routes name it; bodies None where there is none, or none of JSON."""

    operation: str
    sent: Any
    status: int
    answered: Any
    selected: bool = False
    """Whether the request asked for some properties only."""

    def sent_wrong(self) -> Iterator[str]:
        """What the SDK's model of the request does not know, or misses."""
        model = request_model(self.operation)
        if model is not None and self.sent is not None:
            yield from faults(model, self.sent, sent=True)

    def answered_wrong(self) -> Iterator[str]:
        """What the SDK's model of the answer does not know, or misses; errors are another matter."""
        model = answer_model(self.operation)
        if model is None or self.answered is None or self.status >= 300:
            return
        listed = "value" in self.answered and self.operation.startswith("list_")
        for body in self.answered["value"] if listed else [self.answered]:
            # What OData adds says nothing about the resource.
            kept = {name: value for name, value in body.items() if not name.startswith("odata.")}
            yield from faults(model, kept, sent=False, whole=not self.selected)


def recorded(
    application: Application, environ: dict[str, Any], start_response: Any, exchanges: list[Exchange]
) -> Iterable[bytes]:
    """Answer as the application does; an exchange with the data plane is added to the others."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    sent = environ["wsgi.input"].read(length) if length else b""
    began: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        began.update(status=int(status[:3]), kind=dict(headers).get("Content-Type", ""))
        return start_response(status, headers, *more)

    answered = b"".join(application({**environ, "wsgi.input": BytesIO(sent)}, start))
    operation = operation_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    if operation is not None:
        body = answered if began["kind"].startswith("application/json") else b""
        selected = "select=" in environ.get("QUERY_STRING", "")
        exchanges.append(Exchange(operation, _json(sent), began["status"], _json(body), selected))
    return [answered]


def operation_of(method: str, path: str) -> str | None:
    """The route's name; None for what is no operation of the data plane."""
    given = path.strip("/").split("/")
    for route in ROUTES:
        if route.method == method and _fits(route.parts, given):
            return route.name
    return None


def _fits(parts: tuple[str, ...], given: list[str]) -> bool:
    if parts[-1] == "{filePath}" and len(given) >= len(parts):
        given = given[: len(parts)]
    return len(parts) == len(given) and all(a[0] == "{" or a == b for a, b in zip(parts, given, strict=True))


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        # Tests send such bodies on purpose, to see them refused.
        return None
