"""QueuePort over azure-storage-queue: JSON, base64 on the wire, as the Functions host expects it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.azure.failures import translated
from shared.azure.line import NETWORK, Line
from shared.errors import Refused, Vanished
from shared.settings import StorageAccount

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient

    from shared.azure.transport import Transport

NAME = "batchdrop-wake"


class WakeQueue:
    """The wake queue of the control account; made when it is not there."""

    def __init__(self, at: StorageAccount, name: str = NAME, by: Line = NETWORK) -> None:
        self._transport = by.open()
        self._queue = _client(at, name, by, self._transport)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def send(self, message: Mapping[str, str | int], delay: timedelta = timedelta(0)) -> None:
        text = json.dumps(dict(message), separators=(",", ":"))
        seconds = max(0, round(delay.total_seconds()))
        try:
            self._send(text, seconds)
        except Vanished:
            self._create()
            self._send(text, seconds)

    def _send(self, text: str, seconds: int) -> None:
        with translated(f"queue {self._queue.queue_name}"):
            self._queue.send_message(text, visibility_timeout=seconds)

    def _create(self) -> None:
        try:
            with translated(f"queue {self._queue.queue_name}"):
                self._queue.create_queue()
        except Refused as error:
            if error.code != "QueueAlreadyExists":
                raise


def _client(at: StorageAccount, name: str, by: Line, transport: Transport) -> QueueClient:
    from azure.storage.queue import QueueClient, TextBase64EncodePolicy

    from shared.azure.transport import storage_options

    options = {**storage_options(transport), "message_encode_policy": TextBase64EncodePolicy()}
    if at.connection_string:
        return QueueClient.from_connection_string(at.connection_string, name, **options)
    return QueueClient(at.queue_uri or "", name, credential=by.identity(), **options)
