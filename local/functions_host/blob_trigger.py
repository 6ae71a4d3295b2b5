"""Blob triggers: the messages of both sources, scan and Event Grid, become calls with the blob's content."""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.functions.meta import Datum
from azure.storage.blob import BlobProperties
from azure.storage.queue import QueueClient, QueueMessage

from local.functions_host.blob_message import POISON_QUEUE, BlobMessage
from local.functions_host.blob_scan import ContainerScan
from local.functions_host.connections import Connections
from local.functions_host.errors import Refused
from local.functions_host.host_config import BlobOptions, HostConfig, QueueOptions
from local.functions_host.indexing import IndexedFunction
from local.functions_host.invocation import Call
from local.functions_host.invoker import Invoker
from local.functions_host.path_template import trigger_path
from local.functions_host.queue_listener import Drop

SCAN = "LogsAndContainerScan"
EVENT_GRID = "EventGrid"
_BLOB_TYPES = {"BlockBlob": 0, "PageBlob": 1, "AppendBlob": 2}
log = logging.getLogger("Host.Blobs")


def source_of(function: IndexedFunction) -> str:
    """Which source a blob trigger has; Refused for an unknown one."""
    source = function.trigger.text("source") or SCAN
    if source not in (SCAN, EVENT_GRID):
        raise Refused(f"{function.trigger.where}: source {source!r} is neither {SCAN} nor {EVENT_GRID}")
    return source


class BlobTriggers:
    """Reads the host's own blob queue. `scans` are told of versions that were replaced before they ran."""

    def __init__(self, functions: Sequence[IndexedFunction], connections: Connections, invoker: Invoker) -> None:
        self._functions = {function.id: function for function in functions}
        self._connections = connections
        self._invoker = invoker
        self.scans: dict[str, ContainerScan] = {}
        for function in functions:
            self._poison_queue(function)
            scan_key(function, connections)

    def begin(self, message: QueueMessage) -> "Future[Any]":
        """Run a function on the blob that a message names; raises Drop when there is nothing to run."""
        try:
            wanted = BlobMessage.parse(message.content)
        except ValueError as error:
            raise Drop(str(error)) from error
        function = self._functions.get(wanted.function_id)
        if function is None:
            raise Drop(f"there is no blob function {wanted.function_id}")
        return self._invoker.start(self._call(function, wanted))

    def poison(self, message: QueueMessage) -> QueueClient | None:
        """The poison queue of the blob's account; None for a message of no function."""
        try:
            function = self._functions.get(BlobMessage.parse(message.content).function_id)
        except ValueError:
            return None
        return None if function is None else self._poison_queue(function)

    def _poison_queue(self, function: IndexedFunction) -> QueueClient:
        service = self._connections.queues(function.trigger.text("connection"), function.trigger.where)
        return service.get_queue_client(POISON_QUEUE)

    def call(self, function: IndexedFunction, path: str) -> Call:
        """A call by hand on `container/blob`; Drop when there is no such blob."""
        container, _, name = path.partition("/")
        content, properties, uri = self._read(function, container, name)
        return _call(function, "This function was called by the host API.", content, properties, uri)

    def _call(self, function: IndexedFunction, wanted: BlobMessage) -> Call:
        content, properties, uri = self._read(function, wanted.container, wanted.name)
        if source_of(function) == SCAN and str(properties.etag).strip('"') != wanted.etag:
            if scan := self.scans.get(scan_key(function, self._connections)):
                scan.notice(wanted.name)
            raise Drop(f"{wanted.container}/{wanted.name} has changed; its new version gets a message of its own")
        reason = f"New blob detected({source_of(function)}): {wanted.container}/{wanted.name}"
        return _call(function, reason, content, properties, uri)

    def _read(self, function: IndexedFunction, container: str, name: str) -> tuple[bytes, BlobProperties, str]:
        service = self._connections.blobs(function.trigger.text("connection"), function.trigger.where)
        try:
            blob = service.get_blob_client(container, name)
            answer = blob.download_blob()
            return answer.readall(), answer.properties, blob.url
        except (ResourceNotFoundError, ValueError) as error:
            raise Drop(f"there is no blob {container}/{name}") from error


def scan_key(function: IndexedFunction, connections: Connections) -> str:
    """Account and container of a blob trigger: functions that share both share one scan."""
    container, _ = trigger_path(function.trigger.required("path"), function.trigger.where)
    service = connections.blobs(function.trigger.text("connection"), function.trigger.where)
    return service.get_container_client(container).url


def blob_queue_options(config: HostConfig) -> QueueOptions:
    """The blob queue's pace: `extensions.blobs`, with no pause between the tries."""
    blobs: BlobOptions = config.blobs
    batch = min(32, blobs.max_degree_of_parallelism // 2 + 1)
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=max(0, blobs.max_degree_of_parallelism - batch),
        max_dequeue_count=blobs.poison_blob_threshold,
        max_polling_interval=config.queues.max_polling_interval,
        invisibility=config.queues.invisibility,
    )


def _call(function: IndexedFunction, reason: str, content: bytes, properties: BlobProperties, uri: str) -> Call:
    path = f"{properties.container}/{properties.name}"
    _, template = trigger_path(function.trigger.required("path"), function.trigger.where)
    captures = template.match(properties.name) or {}
    as_text = function.trigger.text("dataType") == "STRING"
    payload = Datum(content.decode(), "string") if as_text else Datum(content, "bytes")
    data = {**captures, "blobTrigger": path, "uri": uri}
    return Call(function, reason, payload, _metadata(path, uri, properties, captures), data)


def _metadata(path: str, uri: str, properties: BlobProperties, captures: Mapping[str, str]) -> Mapping[str, Datum]:
    return {
        "BlobTrigger": Datum(path, "string"),
        "Uri": Datum(json.dumps(uri), "json"),
        "Properties": Datum(json.dumps(_properties(properties)), "json"),
        "Metadata": Datum(json.dumps(dict(properties.metadata)), "json"),
        **{name: Datum(value, "string") for name, value in captures.items()},
    }


def _properties(properties: BlobProperties) -> dict[str, Any]:
    settings = properties.content_settings
    digest = settings.content_md5
    return {
        "LastModified": _time(properties.last_modified),
        "CreatedOn": _time(properties.creation_time),
        "ContentLength": properties.size,
        "ContentType": settings.content_type,
        "ContentEncoding": settings.content_encoding,
        "ContentLanguage": settings.content_language,
        "ContentDisposition": settings.content_disposition,
        "CacheControl": settings.cache_control,
        "ContentHash": None if digest is None else base64.b64encode(bytes(digest)).decode(),
        "ETag": properties.etag,
        "BlobType": _BLOB_TYPES[str(getattr(properties.blob_type, "value", properties.blob_type))],
    }


def _time(value: Any) -> str | None:
    return None if value is None else str(value.isoformat())
