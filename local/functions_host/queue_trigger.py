"""Queue triggers: a message of the user's queue becomes a call."""

import json
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage

from local.functions_host.connections import Connections
from local.functions_host.encoding import BadEncoding, decode
from local.functions_host.host_config import QueueOptions
from local.functions_host.indexing import IndexedFunction
from local.functions_host.invocation import Call
from local.functions_host.invoker import Invoker
from local.functions_host.queue_listener import Place, Poison, QueueListener

_POISON = "-poison"
_LONGEST_NAME = 63


class QueueTrigger:
    """Makes calls from the messages of one function's queue."""

    def __init__(self, function: IndexedFunction, invoker: Invoker, encoding: str) -> None:
        self._function = function
        self._invoker = invoker
        self._encoding = encoding
        self._queue_name = function.trigger.required("queueName")

    def begin(self, message: QueueMessage) -> "Future[Any]":
        """Run the function with a message; raises Poison for one that is not encoded as host.json says."""
        try:
            body = decode(message.content, self._encoding)
            payload = self._payload(body)
        except (BadEncoding, UnicodeDecodeError) as error:
            raise Poison(f"is not {self._encoding} text, as queues.messageEncoding has it: {error}") from error
        reason = f"New queue message detected on '{self._queue_name}'."
        return self._invoker.start(Call(self._function, reason, payload, _metadata(message), _data(body, message)))

    def call(self, text: str) -> Call:
        """A call by hand, with `text` as the message."""
        return Call(self._function, "This function was called by the host API.", Datum(text, "string"))

    def _payload(self, body: bytes) -> Datum:
        if self._function.trigger.text("dataType") == "BINARY":
            return Datum(body, "bytes")
        return Datum(body.decode(), "string")


def queue_listener(
    trigger: QueueTrigger, function: IndexedFunction, connections: Connections, options: QueueOptions
) -> QueueListener:
    """The listener of a queue trigger. A poison queue has none of its own, nor has a name too long for one."""
    binding = function.trigger
    service = connections.queues(binding.text("connection"), binding.where)
    name = binding.required("queueName")
    has_poison = not name.endswith(_POISON) and len(name + _POISON) <= _LONGEST_NAME
    poison = service.get_queue_client(name + _POISON) if has_poison else None
    return QueueListener(Place(service.get_queue_client(name), lambda _: poison), trigger, options)


def _metadata(message: QueueMessage) -> Mapping[str, Datum]:
    times = {
        "ExpirationTime": message.expires_on,
        "InsertionTime": message.inserted_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.pop_receipt, "string"),
        "DequeueCount": Datum(json.dumps(message.dequeue_count), "json"),
        **{name: Datum(json.dumps(time.isoformat()), "json") for name, time in times.items() if time is not None},
    }


def _data(body: bytes, message: QueueMessage) -> Mapping[str, str]:
    """For binding expressions: the message itself, and the top-level fields of a JSON object in it, which win."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    fields = document if isinstance(document, dict) else {}
    plain = {name: str(value) for name, value in fields.items() if isinstance(value, str | int | float)}
    own = {"id": str(message.id), "dequeueCount": str(message.dequeue_count), "popReceipt": str(message.pop_receipt)}
    return {**own, "queueTrigger": body.decode(errors="replace"), **plain}
