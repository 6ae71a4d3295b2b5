"""One HTTP exchange at a time, which another thread can break off."""

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urljoin, urlsplit

CHUNK = 1024**2
_TIMEOUT_SECONDS = 60.0
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Cancelled(Exception):
    """The attempt was stopped in the middle of a transfer."""


class TransferError(Exception):
    """A request that failed for good. `status` is None without an answer; `slow` when none came in time."""

    def __init__(self, message: str, status: int | None, slow: bool = False) -> None:
        """Keep what the answer said."""
        super().__init__(message)
        self.status = status
        self.slow = slow


class Reader(Protocol):
    """A body that is read piece by piece."""

    def read(self, size: int = CHUNK) -> bytes:
        """Give the next bytes, none at the end."""
        ...


Body = Reader | bytes | None


class Exchange:
    """Makes requests on connections of their own. Proxies are not used."""

    def __init__(self) -> None:
        """Nothing is connected yet."""
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def abort(self) -> None:
        """Break the connection off; everything from now on raises Cancelled."""
        with self._lock:
            self._cancelled.set()
            if self._socket is not None:
                _shut(self._socket)

    def check(self) -> None:
        """Raise Cancelled after abort()."""
        if self._cancelled.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Let some time pass. Raises Cancelled when it is cut short."""
        self._cancelled.wait(seconds)
        self.check()

    @contextmanager
    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: Body = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Give the answer to a request, redirects of a GET followed.

        Raises TransferError for a status of 300 or more and for a URL that is not http or https, Cancelled, and what
        http.client raises for a connection that fails.
        """
        for _ in range(_MOST_REDIRECTS):
            connection = self._connect(url)
            try:
                answer = _ask(connection, method, url, headers or {}, body)
                if not (method == "GET" and answer.status in _REDIRECTS):
                    yield _accepted(answer)
                    return
                url = urljoin(url, answer.headers.get("Location", ""))
            finally:
                with self._lock:
                    self._socket = None
                connection.close()
        raise TransferError("too many redirects", 310)

    def _connect(self, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        kinds: dict[str, type[http.client.HTTPConnection]] = {
            "http": http.client.HTTPConnection,
            "https": http.client.HTTPSConnection,
        }
        if parts.scheme not in kinds or not parts.hostname:
            raise TransferError(f"{parts.scheme or 'it'} is not http or https", 400)
        self.check()
        connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            raise TransferError(f"no answer: {error}", None, isinstance(error, TimeoutError)) from error
        with self._lock:
            self._socket = connection.sock
            if self._cancelled.is_set():
                connection.close()
                raise Cancelled
        return connection


def _ask(
    connection: http.client.HTTPConnection, method: str, url: str, headers: Mapping[str, str], body: Body
) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, body, dict(headers))
    return connection.getresponse()


def _accepted(answer: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if answer.status < 300:
        return answer
    code = answer.headers.get("x-ms-error-code") or answer.reason
    raise TransferError(f"{answer.status} {code}", answer.status)


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It was closed in the same moment.
        return
