"""One storage account for the same tests: the strict store in this process, or Azurite over the network."""

from __future__ import annotations

import base64
import threading
from datetime import UTC, datetime, timedelta

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.in_process.transport import InProcess, Internet
from local.strict_store import StrictStore
from shared.azure.line import Line
from shared.settings import StorageAccount
from tests.fakes.clock import VirtualClock

NAME = "strict"
KEY = base64.b64encode(b"the key of an account in memory").decode()
BLOBS, QUEUES = f"{NAME}.blob.localhost", f"{NAME}.queue.localhost"
CONNECTION = (
    f"AccountName={NAME};AccountKey={KEY};BlobEndpoint=http://{BLOBS};QueueEndpoint=http://{QUEUES};"
    "DefaultEndpointsProtocol=http"
)
ACCOUNT = StorageAccount(connection_string=CONNECTION)


class Strict:
    """The store, its clock, and clients of the SDKs that reach it; pauses between tries pass at once."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock(datetime.now(UTC).replace(microsecond=0))
        self.operations: list[str] = []
        self._guard = threading.Lock()
        self.store = StrictStore(NAME, KEY, self.clock, lambda name, _: self.operations.append(name))
        internet = Internet({BLOBS: self.store.blobs, QUEUES: self.store.queues})
        self.transport = InProcess(internet, lambda seconds: self.clock.advance(timedelta(seconds=seconds)))
        self.line = Line(self.transport, clock=self.clock)
        self.blobs = BlobServiceClient.from_connection_string(CONNECTION, transport=self.transport, retry_total=0)
        self.queues = QueueServiceClient.from_connection_string(CONNECTION, transport=self.transport, retry_total=0)
