"""One subscription of a topic: shakes hands, then delivers in batches, again and again with growing pauses."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from local.event_schemas import Batch, Event
from local.webhook import Undelivered, Webhook

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliveryRules:
    """How hard it tries. `pauses` in seconds, the last one repeats; Azure's own are 10 s, 30 s, 1 min, 5 min ..."""

    max_attempts: int = 30
    max_events: int = 50
    pauses: Sequence[float] = (1, 2, 5, 10, 30, 60)

    def pause(self, attempt: int) -> float:
        """Seconds to wait after attempt number `attempt`, from 0."""
        return self.pauses[min(attempt, len(self.pauses) - 1)]


@dataclass
class _Waiting:
    """An event on its way: when it is due (monotonic seconds), and how often it was tried."""

    schema: str
    event: Event
    due: float
    attempt: int = 0


@dataclass
class Counts:
    """What became of the events of one subscription."""

    delivered: int = 0
    dropped: int = 0
    retried: int = 0


@dataclass
class Subscription:
    """Delivers from a thread of its own between `start` and `stop`; what waits at the stop is lost."""

    webhook: Webhook
    topic: str
    rules: DeliveryRules = field(default_factory=DeliveryRules)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._line: list[_Waiting] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin with the handshake; events are kept until it succeeds."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a delivery on its way is let through."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def add(self, batch: Batch) -> None:
        """Take the events of a batch for delivery as soon as possible."""
        now = time.monotonic()
        with self._changed:
            self._line.extend(_Waiting(batch.schema, event, now) for event in batch.events)
            self._changed.notify()

    def _run(self) -> None:
        if not self._shake_hands():
            return
        while True:
            with self._changed:
                batch = self._next_batch()
            if batch is None:
                return
            if batch:
                self._deliver(batch)

    def _shake_hands(self) -> bool:
        attempt = 0
        while not self._stopping:
            try:
                self.webhook.shake_hands(self.topic)
            except Undelivered as error:
                _LOG.debug("handshake: %s", error)
            else:
                return True
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, timeout=min(self.rules.pause(attempt), 2))
            attempt += 1
        return False

    def _next_batch(self) -> list[_Waiting] | None:
        """Events that are due, of one schema and one attempt; empty after a wait; None at the end. Holds the lock."""
        if self._stopping:
            return None
        now = time.monotonic()
        due = [each for each in self._line if each.due <= now]
        if not due:
            first = min((each.due for each in self._line), default=None)
            self._changed.wait(None if first is None else first - now)
            return []
        alike = [each for each in due if (each.schema, each.attempt) == (due[0].schema, due[0].attempt)]
        return alike[: self.rules.max_events]

    def _deliver(self, batch: list[_Waiting]) -> None:
        attempt = batch[0].attempt
        try:
            self.webhook.deliver(batch[0].schema, [each.event for each in batch], attempt)
        except Undelivered as error:
            self._fail(batch, error)
        else:
            self._leave(batch)
            self.counts.delivered += len(batch)

    def _fail(self, batch: list[_Waiting], error: Undelivered) -> None:
        attempt = batch[0].attempt
        if error.final or attempt + 1 >= self.rules.max_attempts:
            _LOG.warning("%d events dropped after %d attempts: %s", len(batch), attempt + 1, error)
            self._leave(batch)
            self.counts.dropped += len(batch)
            return
        _LOG.info("%d events will be sent again: %s", len(batch), error)
        self.counts.retried += len(batch)
        for each in batch:
            each.due = time.monotonic() + self.rules.pause(attempt)
            each.attempt += 1

    def _leave(self, batch: list[_Waiting]) -> None:
        gone = {id(each) for each in batch}
        with self._changed:
            self._line = [each for each in self._line if id(each) not in gone]
