"""EventPort: `Batchdrop.Job.TasksEnded` to an Event Grid topic, or, where there is none, straight to the wake queue.

Either way a lost event costs time, never truth: the next tick finds the same by looking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.azure.failures import translated
from shared.azure.line import NETWORK, Line
from shared.errors import Refused
from shared.ports import QueuePort

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.eventgrid import EventGridEvent

TYPE = "Batchdrop.Job.TasksEnded"
DATA_VERSION = "1"


class TopicEvents:
    """Publishes to a custom topic of the Event Grid schema. `read` answers its key, `reread` asks the vault again."""

    def __init__(self, topic: str, read: Callable[[], str], reread: Callable[[], str], by: Line = NETWORK) -> None:
        self._topic, self._read, self._reread = topic, read, reread
        self._transport = by.open()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def tasks_ended(self, job_id: str, wake: int, labels: Mapping[str, str]) -> None:
        from azure.eventgrid import EventGridEvent

        data = {"job": job_id, "wake": wake, "labels": dict(labels)}
        event = EventGridEvent(f"jobs/{job_id}", TYPE, data, DATA_VERSION)
        key = self._read()
        try:
            self._send(key, event)
        except Refused as error:
            fresh = self._reread() if error.status in (401, 403) else key
            if fresh == key:
                raise
            self._send(fresh, event)

    def _send(self, key: str, event: EventGridEvent) -> None:
        """A client each: events are rare, and a client keeps the key it was made with.

        The public client makes this one for topics, but keeps transport and retry options from it: nothing would bound
        what it asks.
        """
        from azure.core.credentials import AzureKeyCredential
        from azure.eventgrid._legacy import EventGridPublisherClient

        from shared.azure.transport import core_options

        client = EventGridPublisherClient(self._topic, AzureKeyCredential(key), **core_options(self._transport))
        with translated(f"topic {self._topic}"):
            client.send(event)


class QueueEvents:
    """Leaves the wake message itself."""

    def __init__(self, queue: QueuePort) -> None:
        self._queue = queue

    def tasks_ended(self, job_id: str, wake: int, labels: Mapping[str, str]) -> None:
        self._queue.send({"kind": "job", "job": job_id, "wake": wake})
