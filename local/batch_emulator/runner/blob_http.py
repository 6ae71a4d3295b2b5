"""Blob storage as a node speaks it: plain HTTP with the SAS in the URL, bounded memory, a few tries."""

import http.client
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from local.batch_emulator.runner.exchange import CHUNK, Body, Cancelled, Exchange, TransferError

API_VERSION = "2021-12-02"
BLOCK = 64 * 1024**2
_PAUSES = (0.1, 0.5)

T = TypeVar("T")


class Transfers:
    """What one attempt downloads, lists and uploads; abort() ends it from another thread."""

    def __init__(self) -> None:
        """Nothing is connected yet."""
        self._exchange = Exchange()

    def abort(self) -> None:
        """Break off what is under way; it and everything after it raises Cancelled."""
        self._exchange.abort()

    def download(self, url: str, file: Path) -> None:
        """Write what a URL gives to a file. Raises TransferError, Cancelled, OSError of the file."""
        self._again(lambda: self._download_once(url, file))

    def list_blobs(self, container_url: str, prefix: str) -> Iterator[str]:
        """Give the names of the blobs below a prefix. Raises TransferError, Cancelled."""
        return (name for name, _ in self.list_entries(container_url, prefix))

    def list_entries(self, container_url: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Give names and ETags of the blobs below a prefix. Raises TransferError, Cancelled."""
        marker = ""
        while True:
            entries, marker = self._page(container_url, prefix, marker)
            yield from entries
            if not marker:
                return

    def delete(self, url: str) -> None:
        """Delete a blob; one that is gone already is no error. Raises TransferError, Cancelled."""

        def once() -> None:
            with self._exchange.request("DELETE", url, {"x-ms-version": API_VERSION, "Content-Length": "0"}) as answer:
                answer.read()

        try:
            self._again(once)
        except TransferError as error:
            if error.status != 404:
                raise

    def upload(self, url: str, file: Path, headers: Mapping[str, str]) -> str:
        """Put a file as a block blob: at once, or in blocks above 64 MiB; give its ETag.

        Raises TransferError, Cancelled.
        """
        size = file.stat().st_size
        if size <= BLOCK:
            return self._put(url, _Part(file, 0, size), {"x-ms-blob-type": "BlockBlob", **headers})
        ids = []
        for index, start in enumerate(range(0, size, BLOCK)):
            ids.append(b64encode(f"{index:08d}".encode()).decode())
            block_url = with_query(url, {"comp": "block", "blockid": ids[-1]})
            self._put(block_url, _Part(file, start, min(BLOCK, size - start)), {})
        return self._commit(url, ids, headers)

    def _download_once(self, url: str, file: Path) -> None:
        with self._exchange.request("GET", url) as answer, file.open("wb") as sink:
            while chunk := answer.read(CHUNK):
                sink.write(chunk)
            if answer.length:
                raise TransferError(f"the connection broke {answer.length} bytes before the end", None)

    def _page(self, container_url: str, prefix: str, marker: str) -> tuple[list[tuple[str, str]], str]:
        query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
        return _parse_page(self._again(lambda: self._read(with_query(container_url, query))))

    def _read(self, url: str) -> bytes:
        with self._exchange.request("GET", url, {"x-ms-version": API_VERSION}) as answer:
            return answer.read()

    def _put(self, url: str, part: "_Part", headers: Mapping[str, str]) -> str:
        def once() -> str:
            with part.file.open("rb") as source:
                source.seek(part.start)
                return self._send(url, _Window(source, part.length), part.length, headers)

        return self._again(once)

    def _commit(self, url: str, ids: list[str], headers: Mapping[str, str]) -> str:
        listed = "".join(f"<Latest>{each}</Latest>" for each in ids)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        address = with_query(url, {"comp": "blocklist"})
        return self._again(lambda: self._send(address, body, len(body), _blob_headers(headers)))

    def _send(self, url: str, body: Body, length: int, headers: Mapping[str, str]) -> str:
        sent = {"x-ms-version": API_VERSION, "Content-Length": str(length), **headers}
        sent.setdefault("Content-Type", "application/octet-stream")
        with self._exchange.request("PUT", url, sent, body) as answer:
            answer.read()
            return (answer.getheader("ETag") or "").strip('"')

    def _again(self, attempt: Callable[[], T]) -> T:
        for pause in _PAUSES:
            try:
                return self._told(attempt)
            except TransferError as error:
                if error.status is not None and error.status < 500:
                    raise
            self._exchange.wait(pause)
        return self._told(attempt)

    def _told(self, attempt: Callable[[], T]) -> T:
        """Run an attempt; what the connection suffers from an abort is told as Cancelled."""
        try:
            return attempt()
        except TimeoutError as error:
            raise TransferError("no answer in time", None, slow=True) from error
        except (http.client.HTTPException, ConnectionError) as error:
            self._exchange.check()
            raise TransferError(f"the connection broke: {error!r}", None) from error


@dataclass(frozen=True)
class _Part:
    """A part of a file that is one request's body."""

    file: Path
    start: int
    length: int


@dataclass
class _Window:
    """The next bytes of an open file, no more than are left of a part."""

    source: BinaryIO
    left: int

    def read(self, size: int = CHUNK) -> bytes:
        """Give the next bytes, none at the end of the part."""
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


def _parse_page(page: bytes) -> tuple[list[tuple[str, str]], str]:
    tree = ET.fromstring(page)  # noqa: S314  # the storage service's own answer
    entries = []
    for element in tree.iterfind("./Blobs/Blob"):
        name, etag = element.find("Name"), element.findtext("Properties/Etag") or ""
        assert name is not None, "every blob has a name"
        text = name.text or ""
        entries.append((unquote(text) if name.get("Encoded") == "true" else text, etag.strip('"')))
    return entries, tree.findtext("NextMarker") or ""


def _blob_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Committing a block list takes the content headers of the blob under names of their own."""
    names = {name: f"x-ms-blob-{name}" if name.lower().startswith("content-") else name for name in headers}
    return {names[name]: value for name, value in headers.items()}


__all__ = ["Cancelled", "TransferError", "Transfers", "blob_url", "with_query", "without_query"]
