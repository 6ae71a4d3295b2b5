"""Serve requests on 127.0.0.1 from threads, with TLS where a client insists on it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGINT, SIGTERM

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from werkzeug import Request, Response

from local.certificates import Certificate
from local.signals import Ended

Answer = Callable[[Request], Response]
_LOG = logging.getLogger(__name__)


class _QuietServer(Server):
    """Reports through logging: a client that hangs up in mid-handshake is no news for a terminal."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Cheroot's hook for everything it would print."""
        _LOG.log(level, "%s", msg, exc_info=traceback)


class Serving:
    """A running server for one function from request to answer; `stop` ends its threads.

    `port` is the real one where 0 was asked for.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        port: int = 0,
        certificate: Certificate | None = None,
        threads: int = 8,
    ) -> None:
        # Its own default is to answer small requests at once (TCP_NODELAY), which these services live on.
        self._server = _QuietServer(("127.0.0.1", port), Request.application(answer), numthreads=threads)
        self._server.shutdown_timeout = 1
        # How long it takes to notice its own end.
        self._server.expiration_interval = 0.1
        if certificate is not None:
            files = str(certificate.certificate), str(certificate.key)
            self._server.ssl_adapter = BuiltinSSLAdapter(*files)
        self._scheme = "http" if certificate is None else "https"
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.bind_addr[1])

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, or https."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close the port and wait for the threads."""
        self._server.stop()
        self._thread.join()


@contextmanager
def serve(answer: Answer, *, port: int = 0, certificate: Certificate | None = None) -> Iterator[Serving]:
    """The server for the length of a block."""
    serving = Serving(answer, port=port, certificate=certificate)
    try:
        yield serving
    finally:
        serving.stop()


def serve_until_ended(serving: Serving, ready: str) -> None:
    """For a program that only serves: print the ready line, then serve until SIGTERM or SIGINT."""
    ended = Ended[None]()
    ended.on(None, SIGTERM, SIGINT)
    print(ready, flush=True)
    ended.wait()
    serving.stop()
