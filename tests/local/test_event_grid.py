"""The Event Grid topic: the real publisher on one side, a webhook that misbehaves on the other."""

import json
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent, EventGridPublisherClient
from werkzeug import Request, Response

from local.event_grid import EventGridTopic
from local.event_subscription import DeliveryRules
from local.serving import Serving, serve
from local.webhook import Webhook

KEY = "topic-key"
QUICK = DeliveryRules(max_attempts=3, max_events=10, pauses=(0.05, 0.1))


@dataclass
class Receiver:
    """A webhook that shakes hands after `shy` refusals and answers notifications by `answers`, then 200."""

    answers: list[int] = field(default_factory=list)
    shy: int = 0
    batches: "queue.Queue[tuple[dict[str, str], list[dict[str, Any]]]]" = field(default_factory=queue.Queue)

    def __call__(self, request: Request) -> Response:
        """One request of the topic."""
        if request.method == "OPTIONS":
            return Response(status=405)
        body = json.loads(request.get_data())
        if request.headers["aeg-event-type"] == "SubscriptionValidation":
            self.shy -= 1
            if self.shy >= 0:
                return Response(status=503)
            return Response(json.dumps({"validationResponse": body[0]["data"]["validationCode"]}))
        self.batches.put((dict(request.headers), body))
        return Response("sorry", status=self.answers.pop(0) if self.answers else 200)


@dataclass
class Topic:
    """A running topic."""

    grid: EventGridTopic
    serving: Serving

    def publisher(self, key: str = KEY, path: str | None = None) -> EventGridPublisherClient:
        """The real client."""
        url = self.serving.url + (path or self.grid.path)
        return EventGridPublisherClient(url, AzureKeyCredential(key), retry_total=0)

    def counts_become(self, **expected: int) -> bool:
        """Whether the only subscription's counts get there within seconds."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            counts = self.grid.subscriptions[0].counts
            if all(getattr(counts, name) == value for name, value in expected.items()):
                return True
            time.sleep(0.01)
        return False


Open = Callable[[Receiver], Topic]


@pytest.fixture
def receiver() -> Receiver:
    """A receiver that takes everything."""
    return Receiver()


@pytest.fixture
def topic(receiver: Receiver) -> Iterator[Topic]:
    """A topic that forwards to the receiver."""
    with serve(receiver) as webhook:
        grid = EventGridTopic("batchdrop", KEY, [Webhook("ended", webhook.url + "/hook?functionName=f")], QUICK)
        with serve(grid) as serving:
            grid.start()
            yield Topic(grid, serving)
            grid.stop()


def event(number: int = 0) -> EventGridEvent:
    return EventGridEvent(f"jobs/{number}", "Batchdrop.Job.TasksEnded", {"job": number}, "1")


def test_events_reach_the_webhook_in_order_and_in_batches(topic: Topic, receiver: Receiver) -> None:
    """All events arrive once, in batches no larger than allowed, with the headers the Functions host looks at."""
    with topic.publisher() as client:
        client.send([event(number) for number in range(25)])
    batches = [receiver.batches.get(timeout=5) for _ in range(3)]
    assert [len(events) for _, events in batches] == [10, 10, 5]
    assert [each["data"]["job"] for _, events in batches for each in events] == list(range(25))
    headers, events = batches[0]
    assert headers["Aeg-Event-Type"] == "Notification"
    assert headers["Aeg-Subscription-Name"] == "ENDED"
    assert events[0]["topic"].endswith("/topics/batchdrop")
    assert topic.counts_become(delivered=25, dropped=0, retried=0)


def test_cloud_events_stay_cloud_events(topic: Topic, receiver: Receiver) -> None:
    """A CloudEvents batch is delivered as such."""
    with topic.publisher() as client:
        client.send([CloudEvent(source="/batchdrop", type="Batchdrop.Job.TasksEnded", data={"job": 1})])
    headers, events = receiver.batches.get(timeout=5)
    assert headers["Content-Type"].startswith("application/cloudevents-batch+json")
    assert events[0]["specversion"] == "1.0"
    assert events[0]["data"] == {"job": 1}


def test_a_failing_receiver_is_tried_again(topic: Topic, receiver: Receiver) -> None:
    """A receiver that fails twice gets the same batch a third time, and the count of attempts with it."""
    receiver.answers = [500, 503]
    with topic.publisher() as client:
        client.send(event())
    tries = [receiver.batches.get(timeout=5) for _ in range(3)]
    assert [headers["Aeg-Delivery-Count"] for headers, _ in tries] == ["0", "1", "2"]
    assert len({events[0]["id"] for _, events in tries}) == 1
    assert topic.counts_become(delivered=1, retried=2)


def test_it_gives_up_after_the_last_attempt(topic: Topic, receiver: Receiver) -> None:
    """After the allowed attempts an event is dropped, and later ones still arrive."""
    receiver.answers = [500, 500, 500]
    with topic.publisher() as client:
        client.send(event(1))
        assert topic.counts_become(dropped=1)
        client.send(event(2))
    assert topic.counts_become(delivered=1, dropped=1)


def test_a_final_answer_is_not_repeated(topic: Topic, receiver: Receiver) -> None:
    """A receiver that calls the batch bad is not asked again."""
    receiver.answers = [400]
    with topic.publisher() as client:
        client.send(event())
    assert topic.counts_become(dropped=1, retried=0)
    assert receiver.batches.qsize() == 1


@pytest.mark.parametrize("receiver", [Receiver(shy=3)])
def test_events_wait_for_the_handshake(topic: Topic, receiver: Receiver) -> None:
    """Events sent before the receiver was up are delivered once it agrees."""
    with topic.publisher() as client:
        client.send(event())
    assert topic.counts_become(delivered=1)
    assert receiver.shy < 0


def test_what_a_topic_refuses(topic: Topic) -> None:
    """A wrong key, another topic and an event without its fields are refused with the service's statuses."""
    with topic.publisher(key="wrong") as client, pytest.raises(ClientAuthenticationError, match="aeg-sas-key"):
        client.send(event())
    with topic.publisher(path="/topics/other/api/events") as client, pytest.raises(ResourceNotFoundError):
        client.send(event())
    with topic.publisher() as client, pytest.raises(HttpResponseError, match="eventType") as refused:
        client.send({"id": "1", "subject": "s", "eventTime": "t", "dataVersion": "1", "data": {}})
    assert refused.value.status_code == 400
    with topic.publisher() as client, pytest.raises(HttpResponseError) as too_large:
        client.send(EventGridEvent("s", "t", "x" * 1_100_000, "1"))
    assert too_large.value.status_code == 413


def test_only_this_machine_is_delivered_to() -> None:
    """A webhook elsewhere is refused when it is subscribed."""
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        Webhook("x", "https://example.org/hook")
