"""The web side of the host: HTTP functions, webhooks and `/admin` behind one port of 127.0.0.1."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from cheroot import wsgi
from werkzeug.wrappers import Request, Response

from local.functions_host.admin import Admin
from local.functions_host.http_trigger import HttpTriggers
from local.functions_host.keys import Keys
from local.functions_host.route import path_segments
from local.functions_host.webhooks import Receiver, answer_event_grid

_THREADS = 32
_LARGEST_BODY = 104_857_600  # the host's own limit
_WEBHOOKS = ("runtime", "webhooks")


class Site:
    """The WSGI application. `webhooks` are by the extension's name in lower case."""

    def __init__(self, http: HttpTriggers, webhooks: dict[str, Receiver], admin: Admin, keys: Keys) -> None:
        self._http = http
        self._webhooks = webhooks
        self._admin = admin
        self._keys = keys

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        raw_path = str(request.environ["REQUEST_URI"]).partition("?")[0]
        segments = tuple(segment.lower() for segment in path_segments(raw_path))
        if segments[:2] == _WEBHOOKS:
            return self._webhook(request, segments[2:])
        if segments[:1] == ("admin",):
            allowed = self._keys.open(request, "admin")
            return self._admin.answer(request, segments[1:]) if allowed else Response(status=401)
        if not segments:
            return Response("The local functions host is up.\n")
        return self._http.answer(request, raw_path)

    def _webhook(self, request: Request, rest: tuple[str, ...]) -> Response:
        receiver = self._webhooks.get(rest[0]) if len(rest) == 1 else None
        if receiver is None:
            return Response(status=404)
        if not self._keys.open(request, "system"):
            return Response(status=401)
        return answer_event_grid(request, receiver)


class Server:
    """The listening socket; bound at once, so that a taken port is told before anything runs."""

    def __init__(self, site: Site, port: int) -> None:
        self._server = wsgi.Server(("127.0.0.1", port), site, numthreads=_THREADS)
        self._server.max_request_body_size = _LARGEST_BODY
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name="http", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, with the port that was given for 0."""
        return f"http://127.0.0.1:{self._server.bind_addr[1]}"

    def start(self) -> None:
        """Take requests."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Take no more requests; wait so long for those that are being answered."""
        self._server.shutdown_timeout = max(0.1, seconds)
        self._server.stop()
