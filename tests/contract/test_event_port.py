"""`Batchdrop.Job.TasksEnded`, published to a topic or left in the wake queue."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from werkzeug import Request, Response

from local.event_grid import EventGridTopic
from local.event_subscription import DeliveryRules
from local.serving import serve
from local.webhook import Webhook
from shared.azure.deadline import Deadline, bounded
from shared.azure.events import QueueEvents, TopicEvents
from shared.errors import OutOfTime, Refused
from tests.fakes.clock import VirtualClock
from tests.fakes.queue import MemoryQueue

KEY = "topic-key"


@dataclass
class Receiver:
    """A webhook that takes everything."""

    events: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)

    def __call__(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status=405)
        body = json.loads(request.get_data())
        if request.headers["aeg-event-type"] == "SubscriptionValidation":
            return Response(json.dumps({"validationResponse": body[0]["data"]["validationCode"]}))
        for event in body:
            self.events.put(event)
        return Response(status=200)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def topic(receiver: Receiver) -> Iterator[str]:
    """The address of a topic that forwards to the receiver."""
    rules = DeliveryRules(max_attempts=3, max_events=10, pauses=(0.05, 0.1))
    with serve(receiver) as webhook:
        grid = EventGridTopic("batchdrop", KEY, [Webhook("ended", webhook.url + "/hook?functionName=f")], rules)
        with serve(grid) as serving:
            grid.start()
            yield serving.url + grid.path
            grid.stop()


def test_event_arrives_with_job_and_wake_number(topic: str, receiver: Receiver) -> None:
    """The event carries what a wake message needs and the labels, under the type and subject that are filtered by."""
    events = TopicEvents(topic, lambda: KEY, lambda: KEY)
    events.tasks_ended("bd-a", 4, {"team": "genomics"})
    events.tasks_ended("bd-a", 4, {"team": "genomics"})
    first, second = (receiver.events.get(timeout=5) for _ in range(2))
    assert (first["eventType"], first["subject"]) == ("Batchdrop.Job.TasksEnded", "jobs/bd-a")
    assert first["data"] == second["data"] == {"job": "bd-a", "wake": 4, "labels": {"team": "genomics"}}
    events.close()


def test_rotated_topic_key_is_read_again(topic: str, receiver: Receiver) -> None:
    """A key that was changed in the vault is used at once; one that stays wrong is refused."""
    events = TopicEvents(topic, lambda: "stale", lambda: KEY)
    events.tasks_ended("bd-a", 1, {"team": "genomics"})
    assert receiver.events.get(timeout=5)["data"]["wake"] == 1
    events.close()
    wrong = TopicEvents(topic, lambda: "stale", lambda: "stale")
    with pytest.raises(Refused) as refused:
        wrong.tasks_ended("bd-a", 2, {"team": "genomics"})
    assert refused.value.status == 401
    assert "stale" not in str(refused.value)
    wrong.close()


def test_an_event_keeps_to_the_deadline(topic: str) -> None:
    """It is not begun when too little time is left."""
    events = TopicEvents(topic, lambda: KEY, lambda: KEY)
    with bounded(Deadline.after(timedelta(seconds=1))), pytest.raises(OutOfTime):
        events.tasks_ended("bd-a", 1, {"team": "genomics"})
    events.close()


def test_without_a_topic_the_queue_is_told() -> None:
    """The wake message is the one that the event's handler would leave."""
    wake = MemoryQueue(VirtualClock())
    QueueEvents(wake).tasks_ended("bd-a", 4, {"team": "genomics"})
    assert wake.take() == [{"kind": "job", "job": "bd-a", "wake": 4}]
