"""What Event Grid posts to: `/runtime/webhooks/blobs` and `/runtime/webhooks/EventGrid`, with its handshakes."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from typing import Any, Protocol

from azure.functions.meta import Datum
from werkzeug.wrappers import Request, Response

from local.functions_host.blob_message import BlobMessage, message_of_event
from local.functions_host.indexing import IndexedFunction
from local.functions_host.invocation import Call
from local.functions_host.invoker import Invoker

log = logging.getLogger("Host.EventGrid")


class Receiver(Protocol):
    """What stands behind one webhook."""

    def knows(self, name: str) -> bool:
        """Whether there is such a function, as far as this webhook asks."""
        ...

    def deliver(self, name: str, events: Sequence[Any]) -> Response:
        """Take the events for a function."""
        ...


def answer_event_grid(request: Request, receiver: Receiver) -> Response:
    """Speak Event Grid's protocol: validation, unsubscribe, or events for the receiver."""
    if request.method == "OPTIONS":
        # The handshake of the CloudEvents schema.
        origin = request.headers.get("WebHook-Request-Origin", "eventgrid.azure.net")
        return Response(headers={"Webhook-Allowed-Origin": origin, "Webhook-Allowed-Rate": "*"})
    kind = request.headers.get("aeg-event-type")
    name = request.args.get("functionName")
    if not name:
        return _refusal(400, "the query has no functionName")
    if not receiver.knows(name):
        return _refusal(404, f"there is no Event Grid function {name!r}")
    if kind == "Unsubscribe":
        return Response(status=202)
    if kind not in ("SubscriptionValidation", "Notification"):
        return _refusal(400, f"the header aeg-event-type is {kind!r}")
    try:
        events = _events(request)
    except ValueError as error:
        return _refusal(400, f"the body is not JSON: {error}")
    return _validated(events) if kind == "SubscriptionValidation" else receiver.deliver(name, events)


class BlobWebhook:
    """Blob events: each becomes a message of the host's blob queue. Nothing is checked, nothing is waited for."""

    def __init__(self, send: Callable[[BlobMessage], None]) -> None:
        self._send = send

    def knows(self, name: str) -> bool:
        """Any name: a wrong one is found when its message is read."""
        return True

    def deliver(self, name: str, events: Sequence[Any]) -> Response:
        """202; 400 when an event names no blob, and then none is taken."""
        try:
            messages = [message_of_event(name, event) for event in events]
        except ValueError as error:
            return _refusal(400, str(error))
        for message in messages:
            self._send(message)
        return Response(status=202)


class EventGridTriggers:
    """Event Grid functions: one run for each event, all at once; the answer waits for them."""

    def __init__(self, functions: Sequence[IndexedFunction], invoker: Invoker) -> None:
        self._functions: Mapping[str, IndexedFunction] = {function.name.lower(): function for function in functions}
        self._invoker = invoker

    def knows(self, name: str) -> bool:
        """Whether it is the name of an Event Grid function."""
        return name.lower() in self._functions

    def deliver(self, name: str, events: Sequence[Any]) -> Response:
        """202, or 500 when any run failed: Event Grid then sends the whole batch again."""
        function = self._functions[name.lower()]
        runs = [self._invoker.start(event_call(function, event)) for event in events]
        wait(runs)
        return Response(status=500 if any(run.exception() for run in runs) else 202)


def event_call(function: IndexedFunction, event: Any) -> Call:
    """The call for one event of either schema."""
    return Call(function, f"EventGrid trigger fired at {event.get('id')}", Datum(json.dumps(event), "json"))


def _events(request: Request) -> list[Any]:
    body = json.loads(request.get_data())
    events = body if isinstance(body, list) else [body]
    if not all(isinstance(event, dict) for event in events):
        raise ValueError("it must be an object or a list of objects")
    return events


def _validated(events: Sequence[Any]) -> Response:
    code = (events[0].get("data") or {}).get("validationCode") if events else None
    if not code:
        return _refusal(400, "the validation event has no data.validationCode")
    log.info("Event Grid subscription validated")
    return Response(json.dumps({"validationResponse": code}), content_type="application/json")


def _refusal(status: int, text: str) -> Response:
    log.warning("answered %d: %s", status, text)
    return Response(text, status=status, content_type="text/plain; charset=utf-8")
