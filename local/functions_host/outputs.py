"""Output bindings: what a function left in its `func.Out`s, written to queues and blobs once it has succeeded."""

import json
from collections.abc import Mapping
from typing import Any

from azure.functions.meta import Datum
from azure.storage.queue import QueueClient

from local.functions_host.bindings import Binding
from local.functions_host.connections import Connections
from local.functions_host.encoding import encode
from local.functions_host.path_template import PathTemplate
from local.functions_host.queue_watch import QueueWatch
from local.functions_host.signature import converter


def as_datum(binding: Binding, value: Any, hint: Any) -> Datum:
    """The value as the worker would send it; TypeError where the worker refuses it."""
    if hint in (str, bytes):
        return _plain(binding, value)
    try:
        datum: Datum = converter(binding.type).encode(value, expected_type=hint)
    except NotImplementedError as error:
        raise _unfit(binding, value) from error
    return datum


def _plain(binding: Binding, value: Any) -> Datum:
    if isinstance(value, str):
        return Datum(value, "string")
    if isinstance(value, bytes | bytearray):
        return Datum(bytes(value), "bytes")
    if isinstance(value, dict | list):
        return Datum(json.dumps(value), "json")
    raise _unfit(binding, value)


def _unfit(binding: Binding, value: Any) -> TypeError:
    return TypeError(f"{binding.where}: a {type(value).__name__} cannot be sent to a {binding.type} output")


class OutputWriter:
    """Writes to the accounts the outputs name. Queues are made when missing."""

    def __init__(self, connections: Connections, encoding: str, watch: QueueWatch) -> None:
        self._connections = connections
        self._watch = watch
        self._encoding = encoding

    def check(self, binding: Binding) -> None:
        """Refused when the binding could never be written: no connection, no name, a broken path."""
        if binding.type == "queue":
            self._queue(binding)
        elif binding.type == "blob":
            self._connections.blobs(binding.text("connection"), binding.where)
            PathTemplate.parse(binding.required("path"), binding.where)

    def write(self, binding: Binding, datum: Datum, data: Mapping[str, str]) -> None:
        """Send one value to its place; `data` fills the captures of a blob path."""
        if binding.type == "queue":
            self._send(self._queue(binding), _messages(binding, datum))
        else:
            self._upload(binding, datum, data)

    def _queue(self, binding: Binding) -> QueueClient:
        service = self._connections.queues(binding.text("connection"), binding.where)
        return service.get_queue_client(binding.required("queueName"))

    def _send(self, queue: QueueClient, messages: list[bytes]) -> None:
        for message in messages:
            self._watch.send(queue, encode(message, self._encoding))

    def _upload(self, binding: Binding, datum: Datum, data: Mapping[str, str]) -> None:
        try:
            path = PathTemplate.parse(binding.required("path"), binding.where).fill(data)
        except KeyError as error:
            raise ValueError(f"{binding.where}: path {binding.text('path')!r}: the trigger gives no {error}") from error
        container, _, blob = path.partition("/")
        service = self._connections.blobs(binding.text("connection"), binding.where)
        service.get_blob_client(container, blob).upload_blob(_content(datum), overwrite=True)


def _messages(binding: Binding, datum: Datum) -> list[bytes]:
    """A JSON list is one message for each element, anything else is one message."""
    value = json.loads(datum.value) if datum.type == "json" else None
    if not isinstance(value, list):
        return [_content(datum)]
    if not all(isinstance(item, str) for item in value):
        raise TypeError(f"{binding.where}: QueueMessage objects are not supported as output locally; send strings")
    return [item.encode() for item in value]


def _content(datum: Datum) -> bytes:
    return datum.value if isinstance(datum.value, bytes) else str(datum.value).encode()
