"""The wake queue, as a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.ports import Clock
from tests.fakes.faults import Faulty, port


@dataclass(frozen=True)
class Message:
    """A message and the moment from which it can be received."""

    body: dict[str, str | int]
    visible: datetime


class MemoryQueue(Faulty):
    """A `QueuePort`. `messages`: what was sent and not yet taken, in the order of sending."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.messages: list[Message] = []

    @port
    def send(self, message: Mapping[str, str | int], delay: timedelta = timedelta(0)) -> None:
        self.messages.append(Message(dict(message), self._clock.now() + delay))

    def take(self) -> list[dict[str, str | int]]:
        """Receive all that is visible now."""
        now = self._clock.now()
        due = [message.body for message in self.messages if message.visible <= now]
        self.messages = [message for message in self.messages if message.visible > now]
        return due
