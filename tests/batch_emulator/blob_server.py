"""A small blob container behind a real socket, for what Azurite cannot be made to do: fail, break off, be slow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class BlobServer:
    """Blobs by path, and how often each request was made. `faults` answers a path with a status, once per entry.

    A fault of 0 breaks the connection off in the middle of the body. Listings hold two names a page.
    """

    url: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[int]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    held: set[str] = field(default_factory=set)

    def at(self, path: str) -> str:
        """Give the URL of a path with a signature."""
        return f"{self.url}/{path}?sig=s%2Bg&se=2030-01-01T00%3A00%3A00Z"

    def fault(self, path: str) -> int | None:
        """Take the next fault of a path."""
        waiting = self.faults.get(path)
        return waiting.pop(0) if waiting else None


@contextmanager
def serve_blobs() -> Iterator[BlobServer]:
    """Serve on a free port of 127.0.0.1."""
    blobs = BlobServer()

    class Handler(_Handler):
        server_blobs = blobs

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        blobs.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield blobs
        finally:
            blobs.hold.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_blobs: BlobServer

    def do_GET(self) -> None:
        """Give a blob, or a page of a listing."""
        path, query = self._arrived()
        fault = self.server_blobs.fault(path)
        if fault:
            self._answer(fault, b"", code="ServerBusy")
        elif query.get("comp") == ["list"]:
            self._answer(200, self._page(path, query))
        elif path not in self.server_blobs.blobs:
            self._answer(404, b"", code="BlobNotFound")
        else:
            self._answer(200, self.server_blobs.blobs[path], broken=fault == 0)

    def do_PUT(self) -> None:
        """Keep a blob."""
        path, _ = self._arrived()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server_blobs.fault(path)
        if fault is None:
            self.server_blobs.blobs[path] = body
        self._answer(fault or 201, b"", code="ServerBusy" if fault else "")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _arrived(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        assert query["sig"] == ["s+g"], "the signature must arrive as it was given"
        path = unquote(parts.path).lstrip("/")
        self.server_blobs.requests.append(f"{self.command} {path}")
        return path, query

    def _page(self, container: str, query: dict[str, list[str]]) -> bytes:
        prefix = f"{container}/{query.get('prefix', [''])[0]}"
        names = sorted(path[len(container) + 1 :] for path in self.server_blobs.blobs if path.startswith(prefix))
        start = int(query.get("marker", ["0"])[0])
        blobs = "".join(f"<Blob><Name>{escape(name)}</Name></Blob>" for name in names[start : start + 2])
        marker = str(start + 2) if start + 2 < len(names) else ""
        page = f"<Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker>"
        return f"<EnumerationResults>{page}</EnumerationResults>".encode()

    def _answer(self, status: int, body: bytes, code: str = "", broken: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("x-ms-error-code", code)
        self.end_headers()
        if broken:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        if self.path.lstrip("/").partition("?")[0] in self.server_blobs.held:
            self.wfile.write(body[:1])
            self.wfile.flush()
            self.server_blobs.hold.wait(20)
        self.wfile.write(body)
