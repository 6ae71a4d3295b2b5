"""Hosts on an Azurite: started as a user starts them, asked over HTTP, judged by what their functions left behind."""

import base64
import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import requests
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from local.azurite import Azurite
from local.program import Program

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parents[2]
APPS = Path(__file__).with_name("apps")
_NEVER = "0 0 0 1 1 *"


def wait_for(probe: Callable[[], T], patience: float = 30) -> T:
    """What the probe gives as soon as it is true; fails after `patience` seconds."""
    end = time.monotonic() + patience
    while not (found := probe()):
        assert time.monotonic() < end, f"waited {patience} s in vain, last seen: {found!r}"
        time.sleep(0.05)
    return found


class RunningHost:
    """One host process."""

    def __init__(self, program: Program) -> None:
        self.program = program
        ready = program.wait_ready(r"^functions host ready: (http://127\.0\.0\.1:\d+) functions=(\d+)$", patience=60)
        self.url, self.functions = ready.group(1), int(ready.group(2))

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request."""
        return requests.request(method, self.url + path, timeout=30, **options)

    def events(self, path: str, events: object, kind: str = "Notification") -> requests.Response:
        """Post events as Event Grid does."""
        return self.call("POST", f"/runtime/webhooks/{path}", json=events, headers={"aeg-event-type": kind})


class Ground:
    """An account in which everything is named after one prefix, and the hosts that run on it."""

    def __init__(self, azurite: Azurite, logs: Path) -> None:
        self.prefix = f"t{uuid.uuid4().hex[:8]}"
        self.connection = azurite.connection_string
        self.blobs = BlobServiceClient.from_connection_string(self.connection)
        self.queues = QueueServiceClient.from_connection_string(self.connection)
        self._logs = logs
        self._programs: list[Program] = []
        for name in ("drop", "seen"):
            self.blobs.create_container(f"{self.prefix}-{name}")

    def settings(self) -> dict[str, str]:
        """What every host here has."""
        return {
            "AzureWebJobsStorage": self.connection,
            "Data": self.connection,
            "PREFIX": self.prefix,
            "TICK": _NEVER,
            "EACH_START": _NEVER,
            "AzureWebJobs.unsupported.Disabled": "true",
            "AzureWebJobs.stubborn.Disabled": "true",
            "AzureFunctionsWebHost__hostid": self.prefix,
        }

    def launch(self, *options: str, app: str = "orders", settings: dict[str, str] | None = None) -> Program:
        """Start a host without waiting for it; a setting of "" is taken away."""
        values = {name: value for name, value in (self.settings() | (settings or {})).items() if value}
        argv = [sys.executable, "-m", "local.functions_host", "--app", str(APPS / app), "--port", "0"]
        log = self._logs / f"host-{len(self._programs)}.log"
        command = [*argv, "--azurite-poll", "0.2", *options]
        program = Program("functions host", command, log, environment=os.environ | values, folder=CHECKOUT)
        self._programs.append(program)
        return program

    def start(self, *options: str, app: str = "orders", settings: dict[str, str] | None = None) -> RunningHost:
        """Start a host and wait until it is ready."""
        return RunningHost(self.launch(*options, app=app, settings=settings))

    def close(self) -> None:
        """Stop whatever still runs."""
        for program in self._programs:
            program.stop(patience=10)
        self.blobs.close()
        self.queues.close()

    def seen(self, kind: str) -> list[dict[str, Any]]:
        """What the runs of a kind have left, oldest first."""
        container = self.blobs.get_container_client(f"{self.prefix}-seen")
        names = sorted(blob.name for blob in container.list_blobs(f"{kind}/"))
        return [json.loads(container.download_blob(name).readall()) for name in names]

    def drop(self, name: str, text: str, **options: Any) -> str:
        """Write a blob into the watched container; its ETag without quotes."""
        blob = self.blobs.get_blob_client(f"{self.prefix}-drop", name)
        return str(blob.upload_blob(text, overwrite=True, **options)["etag"]).strip('"')

    def queue(self, name: str) -> QueueClient:
        """A queue of this ground; the host's own by its whole name."""
        whole = name if name.startswith(("azure-", "webjobs-")) else f"{self.prefix}-{name}"
        return self.queues.get_queue_client(whole)

    def send(self, name: str, message: object, raw: str | None = None) -> None:
        """Send a JSON message in base64, or `raw` as it is; the queue is made when missing."""
        text = raw if raw is not None else base64.b64encode(json.dumps(message).encode()).decode()
        with suppress(ResourceExistsError):
            self.queue(name).create_queue()
        self.queue(name).send_message(text)

    def length(self, name: str) -> int:
        """How many messages a queue holds, visible or not; 0 when there is none."""
        try:
            return self.queue(name).get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return 0
