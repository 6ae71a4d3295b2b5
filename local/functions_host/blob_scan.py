"""Blob triggers by polling: lists the watched containers and leaves one message for each new blob version."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobProperties, ContainerClient

from local.functions_host.blob_message import BlobMessage
from local.functions_host.blob_receipts import Receipts
from local.functions_host.path_template import PathTemplate

log = logging.getLogger("Host.Blobs")
_BUDGET = 10_000
_PAGE = 5_000
_RESTS = 4
"""Times as long as a round took, the scanner rests at least: a crowd of old blobs must not fill the host's day."""
_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Watcher:
    """A function that wants the blobs of a container whose names fit a template."""

    function_id: str
    template: PathTemplate


@dataclass(frozen=True)
class Delivery:
    """How a find becomes a message: once for each version, by receipt."""

    receipts: Receipts
    send: Callable[[BlobMessage], None]


class ContainerScan:
    """One container: what changed since the last complete listing."""

    def __init__(
        self, container: ContainerClient, watchers: Sequence[Watcher], delivery: Delivery, mark: BlobClient
    ) -> None:
        self._container = container
        self._watchers = watchers
        self._delivery = delivery
        self._mark_blob = mark
        self._mark = _read_mark(mark)
        self._token: str | None = None
        self._latest = self._mark
        self._began = _BEGINNING
        self._settled: dict[tuple[str, str], datetime] = {}
        self._again: set[str] = set()
        self._lock = threading.Lock()

    def notice(self, name: str) -> None:
        """Look at this blob in the next pass, whatever its date."""
        with self._lock:
            self._again.add(name)

    def look(self, budget: int) -> None:
        """List up to `budget` blobs, going on where the last look ended, and leave messages for the new ones."""
        with self._lock:
            asked, self._again = self._again, set()
        self._handle(self._named(asked))
        try:
            self._list(budget)
        except ResourceNotFoundError:
            self._token = None

    def _named(self, names: Iterable[str]) -> list[BlobProperties]:
        found = []
        for name in names:
            try:
                found.append(self._container.get_blob_client(name).get_blob_properties())
            except ResourceNotFoundError:
                log.debug("%s is gone", name)
        return found

    def _list(self, budget: int) -> None:
        if self._token is None:
            self._began, self._latest = datetime.now(UTC), self._mark
        pages = self._container.list_blobs(results_per_page=min(budget, _PAGE)).by_page(self._token)
        for page in pages:
            blobs = list(page)
            budget -= len(blobs)
            self._handle(blob for blob in blobs if blob.last_modified >= self._mark)
            self._latest = max([self._latest, *(blob.last_modified for blob in blobs)])
            if budget <= 0:
                break
        self._token = pages.continuation_token or None  # type: ignore[attr-defined]  # the pager behind it has it
        if self._token is None:
            self._advance()

    def _advance(self) -> None:
        """Move the mark. Not past the start of the listing: a blob written behind its back would be lost."""
        mark = min(self._latest, self._began - timedelta(seconds=1))
        self._settled = {key: modified for key, modified in self._settled.items() if modified >= mark}
        with self._lock:
            unsettled = bool(self._again)
        if mark > self._mark:
            self._mark = mark
            if not unsettled:
                _write_mark(self._mark_blob, mark)

    def _handle(self, blobs: Iterable[BlobProperties]) -> None:
        for blob in blobs:
            key = (blob.name, blob.etag.strip('"'))
            if key not in self._settled:
                if self._tell(*key):
                    self._settled[key] = blob.last_modified
                else:
                    self.notice(blob.name)

    def _tell(self, name: str, etag: str) -> bool:
        """Whether every watcher that wants this version has its message."""
        wanted = [watcher for watcher in self._watchers if watcher.template.match(name) is not None]
        container = self._container.container_name
        messages = [BlobMessage(watcher.function_id, container, name, etag) for watcher in wanted]
        sent = [self._delivery.receipts.send_once(message, self._delivery.send) for message in messages]
        return all(sent)


class BlobScanner:
    """All watched containers, looked at in turn; `step` is one round."""

    def __init__(
        self, scans: Sequence[ContainerScan], interval: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._scans = scans
        self._interval = interval
        self._clock = clock

    def step(self) -> float:
        """One look at each container; seconds until the next round."""
        began = self._clock()
        for scan in self._scans:
            scan.look(max(1, _BUDGET // len(self._scans)))
        return max(self._interval, _RESTS * (self._clock() - began))


def _read_mark(blob: BlobClient) -> datetime:
    try:
        document = json.loads(blob.download_blob().readall())
    except ResourceNotFoundError:
        return _BEGINNING
    return datetime.fromisoformat(document["LatestScan"])


def _write_mark(blob: BlobClient, mark: datetime) -> None:
    document = {"LatestScan": (mark - timedelta(milliseconds=1)).isoformat()}
    blob.upload_blob(json.dumps(document), overwrite=True)
