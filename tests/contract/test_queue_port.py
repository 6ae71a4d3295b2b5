"""The wake queue: what is sent can be received as the Functions host receives it, after its delay."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from azure.storage.queue import QueueClient

from shared.azure.queue import WakeQueue
from shared.settings import StorageAccount
from tests.fakes.clock import VirtualClock
from tests.fakes.queue import MemoryQueue


@pytest.fixture
def name() -> str:
    """A queue of the test's own, not there yet."""
    return f"wake-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def wake(storage: StorageAccount, name: str) -> Iterator[WakeQueue]:
    queue = WakeQueue(storage, name)
    yield queue
    queue.close()


@pytest.fixture
def raw(storage: StorageAccount, name: str) -> Iterator[QueueClient]:
    """The same queue without any decoding, as the wire shows it."""
    with QueueClient.from_connection_string(storage.connection_string or "", name) as client:
        yield client


@pytest.mark.stack
def test_message_is_json_in_base64(wake: WakeQueue, raw: QueueClient) -> None:
    """The first message makes the queue; each arrives as base64 of its JSON."""
    wake.send({"kind": "job", "job": "bd-größe", "wake": 3})
    wake.send({"kind": "tick", "number": 7})
    received = [json.loads(base64.b64decode(message.content)) for message in raw.receive_messages()]
    assert received == [{"kind": "job", "job": "bd-größe", "wake": 3}, {"kind": "tick", "number": 7}]


@pytest.mark.stack
def test_delayed_message_is_hidden(wake: WakeQueue, raw: QueueClient) -> None:
    """A delayed message is in the queue but nobody gets it yet."""
    wake.send({"kind": "tick", "number": 1}, timedelta(minutes=5))
    assert list(raw.receive_messages()) == []
    assert raw.get_queue_properties().approximate_message_count == 1


def test_the_queue_in_memory_delays_too() -> None:
    """A fake message becomes visible when the virtual clock has passed its delay."""
    clock = VirtualClock()
    queue = MemoryQueue(clock)
    queue.send({"kind": "tick", "number": 1}, timedelta(minutes=5))
    queue.send({"kind": "tick", "number": 2})
    assert queue.take() == [{"kind": "tick", "number": 2}]
    clock.advance(timedelta(minutes=5))
    assert queue.take() == [{"kind": "tick", "number": 1}]
