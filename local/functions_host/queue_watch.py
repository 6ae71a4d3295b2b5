"""Who sends to a queue tells the listener of it in the same host, which then looks at once and not at its next poll."""

import threading
from contextlib import suppress

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient


class QueueWatch:
    """The listened-to queues of this host, by URL."""

    def __init__(self) -> None:
        self._wakers: dict[str, list[threading.Event]] = {}

    def listen(self, queue: QueueClient, waker: threading.Event) -> None:
        """Have `waker` set whenever this host sends to the queue."""
        self._wakers.setdefault(queue.url, []).append(waker)

    def send(self, queue: QueueClient, text: str) -> None:
        """Send a message whose text is ready, making the queue when it is missing."""
        send_text(queue, text)
        for waker in self._wakers.get(queue.url, ()):
            waker.set()


def send_text(queue: QueueClient, text: str) -> None:
    """Send a message to a queue that may be missing still."""
    try:
        queue.send_message(text)
    except ResourceNotFoundError:
        make_queue(queue)
        queue.send_message(text)


def make_queue(queue: QueueClient) -> None:
    """Make a queue; somebody else may be quicker."""
    with suppress(ResourceExistsError):
        queue.create_queue()
