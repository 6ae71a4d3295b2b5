"""Reads one queue: receive, run, renew while running, then delete, release or move to the poison queue."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from local.functions_host.backoff import Backoff
from local.functions_host.host_config import QueueOptions
from local.functions_host.queue_watch import make_queue, send_text

log = logging.getLogger("Host.Queues")


class Drop(Exception):
    """The message is settled without a run: delete it. The text is logged."""


class Poison(Exception):
    """The message can never be run: move it to the poison queue at once. The text is logged."""


class Reader(Protocol):
    """Turns messages of one queue into runs."""

    def begin(self, message: QueueMessage) -> "Future[Any]":
        """Start the run of a message; raises Drop or Poison instead."""
        ...


@dataclass(frozen=True)
class Place:
    """A queue and where the failures of a message go; None leaves them where they are."""

    queue: QueueClient
    poison: Callable[[QueueMessage], QueueClient | None]


class QueueListener:
    """The listener of one queue; `step` is one look at it."""

    def __init__(self, place: Place, reader: Reader, options: QueueOptions) -> None:
        self._place = place
        self.queue = place.queue
        self._name = place.queue.queue_name
        self._reader = reader
        self._options = options
        self._backoff = Backoff(options.max_polling_interval)
        self.waker = threading.Event()
        self._pool = ThreadPoolExecutor(options.batch_size + options.new_batch_threshold, "message")
        self._working = 0
        self._changed = threading.Condition()

    def step(self) -> float:
        """Fetch a batch when few enough messages are being worked on; seconds until the next look."""
        with self._changed:
            if self._working > self._options.new_batch_threshold:
                self._changed.wait(1.0)
                return 0.0
        messages = self._receive()
        for message in messages:
            with self._changed:
                self._working += 1
            self._pool.submit(self._work, message)
        return self._backoff.found() if messages else self._backoff.empty()

    def drain(self, seconds: float) -> bool:
        """Wait until every message in hand is settled; False when the time was not enough."""
        with self._changed:
            return self._changed.wait_for(lambda: self._working == 0, max(0.0, seconds))

    def _receive(self) -> list[QueueMessage]:
        options = self._options
        try:
            pages = self.queue.receive_messages(
                messages_per_page=options.batch_size,
                max_messages=options.batch_size,
                visibility_timeout=round(options.invisibility),
            )
            return list(pages)
        except ResourceNotFoundError:
            make_queue(self.queue)
            return []

    def _work(self, message: QueueMessage) -> None:
        try:
            self._settle(message)
        except AzureError as error:
            # It comes back by itself when its invisibility lapses.
            log.warning("message %s of %s could not be settled: %s", message.id, self._name, error)
        except Exception:
            log.exception("message %s of %s was dropped by a defect", message.id, self._name)
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def _settle(self, message: QueueMessage) -> None:
        try:
            succeeded = self._run(message)
        except Drop as reason:
            log.info("message %s of %s deleted: %s", message.id, self._name, reason)
            succeeded = True
        except Poison as reason:
            log.error("message %s of %s: %s", message.id, self._name, reason)  # noqa: TRY400 - the text says it all
            self._to_poison(message)
            return
        if succeeded:
            self.queue.delete_message(message)
        else:
            self._failed(message)

    def _run(self, message: QueueMessage) -> bool:
        """Whether the run succeeded; the message stays invisible while it lasts."""
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            raise Poison(f"was taken {message.dequeue_count} times and its host never came to an end")
        try:
            future = self._reader.begin(message)
        except AzureError as error:
            log.warning("message %s of %s: its run could not begin: %s", message.id, self._name, error)
            return False
        while not wait([future], timeout=self._options.invisibility / 2).done:
            self._renew(message)
        return future.exception() is None

    def _renew(self, message: QueueMessage) -> None:
        try:
            renewed = self.queue.update_message(message, visibility_timeout=round(self._options.invisibility))
        except AzureError as error:
            log.warning("message %s of %s was not renewed: %s", message.id, self._name, error)
        else:
            # An answer that broke off in its head has none: then the message comes back, as after a lost renewal.
            message.pop_receipt = renewed.pop_receipt or message.pop_receipt

    def _failed(self, message: QueueMessage) -> None:
        poison = self._place.poison(message)
        if poison is None:
            # Nowhere to go, and released at once it would spin: it reappears when its invisibility lapses.
            return
        if (message.dequeue_count or 0) >= self._options.max_dequeue_count:
            log.error("message %s failed %d times", message.id, message.dequeue_count)
            self._to_poison(message)
        else:
            self.queue.update_message(message, visibility_timeout=round(self._options.visibility_timeout))

    def _to_poison(self, message: QueueMessage) -> None:
        poison = self._place.poison(message)
        if poison is not None:
            send_text(poison, message.content)
            log.error("message %s moved to %s", message.id, poison.queue_name)
        self.queue.delete_message(message)
