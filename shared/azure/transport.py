"""The transport under every SDK client: each try and each pause between tries is bounded by the pass's deadline.

It sits below the SDKs' retry policies, so it sees every try; it is also what those policies sleep by. Its own errors
are not the SDKs', so no policy repeats them. Import it where a client is built: it loads the HTTP stack.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from azure.core.pipeline.transport import HttpTransport, RequestsTransport

from shared.azure.deadline import NO_ANSWER, Answer, pause, try_seconds

if TYPE_CHECKING:
    from requests import PreparedRequest

RETRIES = 3
CONNECT_SECONDS = 10.0
HOSTS, CONNECTIONS = 4, 32
"""Kept open per client; the default of 10 connections would be thrown away and made anew under many threads."""
Transport = HttpTransport[Any, Any]


class BoundedTransport(HttpTransport[Any, Any]):
    """One per client; its connections are shared by all threads that use the client. `inner`: what sends, where it is
    not to be the network."""

    def __init__(self, inner: Transport | None = None) -> None:
        self._inner = inner or network()
        self._last = threading.local()

    def send(self, request: Any, **kwargs: Any) -> Any:
        seconds = try_seconds()
        kwargs["connection_timeout"] = min(CONNECT_SECONDS, seconds)
        kwargs["read_timeout"] = seconds
        self._last.answer = NO_ANSWER
        response = self._inner.send(request, **kwargs)
        self._last.answer = answer_of(request, response)
        return response

    def sleep(self, duration: float) -> None:
        pause(duration, getattr(self._last, "answer", NO_ANSWER))

    def open(self) -> None:
        self._inner.open()

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


def answer_of(request: Any, response: Any) -> Answer:
    """Which service, and its words: the path of what was asked may hold names, its query signatures."""
    parts = urlsplit(request.url)
    status = int(response.status_code)
    return Answer(f"{parts.hostname}{parts.path}", response.headers.get("x-ms-error-code") or f"HTTP{status}", status)


def network() -> Transport:
    """HTTP over sockets."""
    requests = RequestsTransport()
    requests.open()
    requests.session.auth = _as_signed
    for scheme in ("http://", "https://"):
        requests.session.get_adapter(scheme).init_poolmanager(HOSTS, CONNECTIONS)
    sending: Transport = requests
    return sending


def _as_signed(request: PreparedRequest) -> PreparedRequest:
    """Nothing of a .netrc, which requests would look for each time, and put in the place of the SDK's own words."""
    return request


def core_options(transport: Transport) -> dict[str, Any]:
    """Options of an azure-core client (Batch, Key Vault, Event Grid)."""
    return {"transport": transport, "retry_total": RETRIES, "retry_backoff_max": 8}


def storage_options(transport: Transport) -> dict[str, Any]:
    """Options of a Storage client, whose retry policy is its own. Never the secondary: it may be behind."""
    waits = {"initial_backoff": 0, "increment_base": 2, "random_jitter_range": 1}
    return {"transport": transport, "retry_total": RETRIES, "retry_to_secondary": False, **waits}
