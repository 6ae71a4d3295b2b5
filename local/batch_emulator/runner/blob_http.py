"""Blob storage as a node speaks it: plain HTTP with the SAS in the URL, bounded memory, a few tries."""

import http.client
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

API_VERSION = "2021-12-02"
CHUNK = 1024**2
BLOCK = 64 * 1024**2
_TIMEOUT_SECONDS = 60.0
_PAUSES = (0.2, 1.0)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

T = TypeVar("T")


class Cancelled(Exception):
    """The attempt was stopped in the middle of a transfer."""


class TransferError(Exception):
    """A request that failed for good. `status` is None without an answer; `slow` when none came in time."""

    def __init__(self, message: str, status: int | None, code: str = "", slow: bool = False) -> None:
        """Keep what the answer said."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.slow = slow


@dataclass(frozen=True)
class Transfers:
    """Requests of one attempt. `is_cancelled` is asked between chunks."""

    is_cancelled: Callable[[], bool]

    def download(self, url: str, file: Path) -> None:
        """Write what a URL gives to a file. Raises TransferError, Cancelled, OSError of the file."""
        self._again(lambda: self._download_once(url, file))

    def list_blobs(self, container_url: str, prefix: str) -> Iterator[str]:
        """Give the names of the blobs below a prefix. Raises TransferError, Cancelled."""
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
            page = self._again(lambda query=query: self._read(with_query(container_url, query)))  # type: ignore[misc]
            names, marker = _parse_page(page)
            yield from names
            if not marker:
                return

    def upload(self, url: str, file: Path, headers: Mapping[str, str]) -> None:
        """Put a file as a block blob: at once, or in blocks above 64 MiB. Raises TransferError, Cancelled."""
        size = file.stat().st_size
        if size <= BLOCK:
            self._again(lambda: self._put(url, file, 0, size, {"x-ms-blob-type": "BlockBlob", **headers}))
            return
        ids = []
        for index, start in enumerate(range(0, size, BLOCK)):
            ids.append(b64encode(f"{index:08d}".encode()).decode())
            block_url = with_query(url, {"comp": "block", "blockid": ids[-1]})
            length = min(BLOCK, size - start)
            self._again(lambda url=block_url, start=start, length=length: self._put(url, file, start, length, {}))  # type: ignore[misc]
        self._again(lambda: self._commit(url, ids, headers))

    def _download_once(self, url: str, file: Path) -> None:
        with self._open(urllib.request.Request(_web(url))) as answer, file.open("wb") as sink:  # noqa: S310  # _web checks
            while chunk := answer.read(CHUNK):
                self._check()
                sink.write(chunk)

    def _read(self, url: str) -> bytes:
        with self._open(urllib.request.Request(_web(url), headers={"x-ms-version": API_VERSION})) as answer:  # noqa: S310  # _web checks
            return answer.read()

    def _put(self, url: str, file: Path, start: int, length: int, headers: Mapping[str, str]) -> None:
        with file.open("rb") as source:
            source.seek(start)
            body = _Part(source, length, self._check)
            self._send(url, body if length else b"", length, headers)

    def _commit(self, url: str, ids: list[str], headers: Mapping[str, str]) -> None:
        listed = "".join(f"<Latest>{each}</Latest>" for each in ids)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        self._send(with_query(url, {"comp": "blocklist"}), body, len(body), _blob_headers(headers))

    def _send(self, url: str, body: "_Part | bytes", length: int, headers: Mapping[str, str]) -> None:
        sent = {"x-ms-version": API_VERSION, "Content-Length": str(length), **headers}
        sent.setdefault("Content-Type", "application/octet-stream")
        request = urllib.request.Request(_web(url), data=body, headers=sent, method="PUT")  # noqa: S310  # type: ignore[arg-type]  # _web checks; http.client reads any reader
        with self._open(request) as answer:
            answer.read()

    def _open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        self._check()
        local = urlsplit(request.full_url).hostname in _LOOPBACK
        opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))
        answer: http.client.HTTPResponse = opener.open(request, timeout=_TIMEOUT_SECONDS)
        return answer

    def _again(self, attempt: Callable[[], T]) -> T:
        for pause in _PAUSES:
            try:
                return _translated(attempt)
            except TransferError as error:
                if error.status is not None and error.status < 500:
                    raise
            self._check()
            time.sleep(pause)
        return _translated(attempt)

    def _check(self) -> None:
        if self.is_cancelled():
            raise Cancelled


@dataclass
class _Part:
    """A part of a file as a request body, read piece by piece."""

    source: BinaryIO
    left: int
    check: Callable[[], None]

    def read(self, size: int = CHUNK) -> bytes:
        """Give the next bytes, none at the end of the part."""
        self.check()
        piece = self.source.read(min(size, self.left))
        self.left -= len(piece)
        return piece


def with_query(url: str, more: Mapping[str, str]) -> str:
    """Give a URL with more query parameters; what it has (a SAS) stays as it is."""
    parts = urlsplit(url)
    added = urlencode({name: value for name, value in more.items() if value}, quote_via=quote)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, added]))))


def blob_url(container_url: str, name: str) -> str:
    """Give the URL of a blob from the URL of its container, SAS kept."""
    parts = urlsplit(container_url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{quote(name, safe='/')}"))


def without_query(url: str) -> str:
    """Give a URL for people: without the SAS."""
    return urlunsplit(urlsplit(url)._replace(query=""))


def _web(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise TransferError(f"{without_query(url)} is not an http or https URL", 400)
    return url


def _translated(attempt: Callable[[], T]) -> T:
    try:
        return attempt()
    except urllib.error.HTTPError as error:
        with error:
            code = error.headers.get("x-ms-error-code", "")
        raise TransferError(f"{error.code} {code or error.reason}", error.code, code) from error
    except TimeoutError as error:
        raise TransferError("no answer in time", None, slow=True) from error
    except urllib.error.URLError as error:
        slow = isinstance(error.reason, TimeoutError)
        raise TransferError(f"no answer: {error.reason}", None, slow=slow) from error
    except (http.client.HTTPException, ConnectionError) as error:
        raise TransferError(f"the connection broke: {error!r}", None) from error


def _parse_page(page: bytes) -> tuple[list[str], str]:
    tree = ET.fromstring(page)  # noqa: S314  # the storage service's own answer
    names = []
    for element in tree.iterfind("./Blobs/Blob/Name"):
        text = element.text or ""
        encoded = element.get("Encoded") == "true"
        names.append(dict(parse_qsl(f"name={text}"))["name"] if encoded else text)
    return names, tree.findtext("NextMarker") or ""


def _blob_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Committing a block list takes the content headers of the blob under names of their own."""
    return {
        f"x-ms-blob-{name}" if name.lower().startswith("content-") else name: value for name, value in headers.items()
    }
