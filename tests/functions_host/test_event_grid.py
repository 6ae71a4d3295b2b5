"""Event Grid functions and the webhook's protocol."""

import pytest

from tests.functions_host.ground import Ground, RunningHost

pytestmark = pytest.mark.stack


def _event(name: str, subject: str = "s") -> dict[str, object]:
    times = {"eventTime": "2026-01-01T00:00:00Z", "dataVersion": "1.0"}
    return {"id": name, "topic": "t", "subject": subject, "eventType": "Ended", "data": {"name": name}, **times}


def test_each_event_of_a_batch_is_one_run(host: RunningHost, shared: Ground) -> None:
    """The answer is 202 and comes after all of them have run."""
    assert host.events("EventGrid?functionName=ended", [_event("one"), _event("two")]).status_code == 202
    runs = {run["id"]: run for run in shared.seen("ended")}
    assert runs["one"] == {"id": "one", "type": "Ended", "subject": "s", "data": {"name": "one"}}
    assert "two" in runs


def test_one_failure_fails_the_batch(host: RunningHost, shared: Ground) -> None:
    """500, so that Event Grid sends the whole batch again; the others have run."""
    assert host.events("EventGrid?functionName=ended", [_event("good"), _event("bad", "fail")]).status_code == 500
    assert {"good", "bad"} <= {run["id"] for run in shared.seen("ended")}


def test_a_cloud_event_arrives_as_one(host: RunningHost, shared: Ground) -> None:
    """The schema is told by the event, and the handler gets the object of that schema."""
    event = {"specversion": "1.0", "id": "c", "type": "T", "source": "/s", "data": {}}
    assert host.events("eventgrid?functionName=cloudy", event).status_code == 202
    assert shared.seen("cloudy") == [{"id": "c", "type": "T", "source": "/s"}]


def test_an_unknown_function_is_not_found(host: RunningHost) -> None:
    """Nor is a blob function one; the same for events and for the validation of a subscription."""
    assert host.events("EventGrid?functionName=pushed", [_event("x")]).status_code == 404
    assert host.events("EventGrid?functionName=x", [], kind="SubscriptionValidation").status_code == 404


@pytest.mark.parametrize("path", ["EventGrid?functionName=ended", "blobs?functionName=Host.Functions.pushed"])
def test_a_subscription_is_validated(host: RunningHost, path: str) -> None:
    """The code comes back; OPTIONS answers the handshake of CloudEvents."""
    answer = host.events(path, [{"id": "v", "data": {"validationCode": "abc"}}], kind="SubscriptionValidation")
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "abc"})
    origin = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    answer = host.call("OPTIONS", f"/runtime/webhooks/{path}", headers=origin)
    assert (answer.status_code, answer.headers["WebHook-Allowed-Origin"]) == (200, "eventgrid.azure.net")


@pytest.mark.parametrize(
    ("kind", "path", "body", "status"),
    [
        ("Unsubscribe", "EventGrid?functionName=ended", [], 202),
        ("Other", "EventGrid?functionName=ended", [], 400),
        ("Notification", "EventGrid", [], 400),
        ("Notification", "EventGrid?functionName=ended", ["text"], 400),
        ("Notification", "blobs?functionName=Host.Functions.pushed", {"data": {}}, 400),
        ("Notification", "other?functionName=ended", [], 404),
    ],
)
def test_what_is_no_delivery_is_said_to_be_none(
    host: RunningHost, kind: str, path: str, body: object, status: int
) -> None:
    """Only the three kinds of the protocol pass, and only with a function's name."""
    assert host.events(path, body, kind=kind).status_code == status
