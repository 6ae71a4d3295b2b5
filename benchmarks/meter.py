"""Counting, where things go over the wire: requests by the HTTP layer, bytes by the storage port."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from shared.azure.blobs import AzureBlobs
from shared.errors import Unsupported
from shared.ports import ANY, Blob, Condition
from shared.settings import StorageAccount

ADDING = "addtaskcollection"


class Requests(logging.Handler):
    """Every HTTP request of this process that was answered, repetitions included, by the service that answered.

    urllib3, which all clients of the SDKs send by, tells each one to its logger; nothing is put in between.
    """

    def __init__(self, services: Mapping[int, str]) -> None:
        """`services`: their names, by port."""
        super().__init__(logging.DEBUG)
        self._services = services
        self.of = Counter[str]()
        self.adding = 0
        """Those that added tasks."""

    def listen(self) -> None:
        """From now on."""
        logger = logging.getLogger("urllib3.connectionpool")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Called under the handler's own lock."""
        if not isinstance(record.args, tuple) or len(record.args) != 8:
            return
        _, _, port, method, path = record.args[:5]
        self.of[self._services.get(int(str(port)), "others")] += 1
        self.adding += method == "POST" and urlsplit(str(path)).path.endswith(ADDING)


class MeteredBlobs(AzureBlobs):
    """The storage edge itself, with a count of the bytes of blobs that come in and go out.

    `composes` False: it refuses to make blocks from ranges of other blobs, as a store does that knows no such request.
    """

    def __init__(self, at: StorageAccount, key: str, *, composes: bool = True) -> None:
        super().__init__(at, lambda: key)
        self._composes = composes
        self._guard = threading.Lock()
        self.read_bytes = self.written_bytes = 0

    def read(self, container: str, name: str) -> Blob | None:
        blob = super().read(container, name)
        self._count(read=len(blob.content) if blob else 0)
        return blob

    def stream(
        self, container: str, name: str, *, etag: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        for chunk in super().stream(container, name, etag=etag, offset=offset, length=length):
            self._count(read=len(chunk))
            yield chunk

    def put(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        self._count(written=len(content))
        return super().put(container, name, content, when=when, metadata=metadata, content_type=content_type)

    def _stage(self, container: str, name: str, block: str, content: bytes) -> None:
        """What `stage` and `put_stream` send by."""
        self._count(written=len(content))
        super()._stage(container, name, block, content)

    def stage_from(
        self,
        container: str,
        name: str,
        number: int,
        source: tuple[str, str],
        etag: str,
        offset: int,
        length: int,
    ) -> None:
        if not self._composes:
            raise Unsupported("APINotImplemented", 501, "made to refuse blocks from other blobs")
        super().stage_from(container, name, number, source, etag, offset, length)

    def _count(self, read: int = 0, written: int = 0) -> None:
        with self._guard:
            self.read_bytes += read
            self.written_bytes += written
