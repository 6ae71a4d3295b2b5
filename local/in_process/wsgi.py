"""WSGI applications, and functions from werkzeug's request to its answer, as services in this process."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug import Request, Response

from local.in_process.exchange import Answer, Sent, Service

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_OWN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def of_application(application: Application) -> Service:
    """A WSGI application as a service."""

    def answer(sent: Sent) -> Answer:
        began: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            began.update(status=int(status.split(" ", 1)[0]), headers=dict(headers))

        parts = application(environ(sent), start)
        try:
            body = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        return Answer(began["status"], began["headers"], b"" if sent.method == "HEAD" else body)

    return answer


def of_function(function: Callable[[Request], Response]) -> Service:
    """What `local.serving` serves, as a service."""
    return of_application(Request.application(function))


def environ(sent: Sent) -> dict[str, Any]:
    """The request as PEP 3333 has it; REQUEST_URI besides, as sent."""
    name, _, port = sent.host.partition(":")
    given = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(sent.path).decode("latin-1"),
        "QUERY_STRING": sent.query,
        "REQUEST_URI": sent.path + (f"?{sent.query}" if sent.query else ""),
        "SERVER_NAME": name,
        "SERVER_PORT": port or ("443" if sent.scheme == "https" else "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(sent.body)) if sent.body else "",
        "HTTP_HOST": sent.host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": sent.scheme,
        "wsgi.input": BytesIO(sent.body),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for header, value in sent.headers.items():
        given[_OWN.get(header.lower(), "HTTP_" + header.upper().replace("-", "_"))] = value
    return given
