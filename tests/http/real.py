"""The function app as it is deployed: behind a Functions host of its own process, with keys, over storage with jobs."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from sys import executable
from urllib.parse import urlsplit

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from local.azurite import Azurite, start_azurite
from local.program import Program
from shared.azure.queue import NAME
from tests.http.jobs import copied, some_jobs
from tests.http.site import ROOT, SETTINGS
from tests.loop.ground import Ground
from tests.settings.test_settings import sample

IDLE = ("on_drop", "on_tick", "on_sweep", "on_reap", "on_wake", "on_poison")
"""Functions that are switched off: jobs stay as they are."""
ENTRA = {"BATCHDROP_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": "True"}
"""By Entra, with the platform's word that its authentication is on."""


@dataclass(frozen=True)
class Answer:
    """`headers` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def rule(self) -> str:
        """Of the one problem that it tells."""
        (problem,) = json.loads(self.body)["problems"]
        return str(problem["rule"])


@dataclass(frozen=True)
class RealHost:
    """A running host. `jobs`: what became of them -> their ids."""

    url: str
    program: Program
    storage: BlobServiceClient
    jobs: Mapping[str, str]

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None, **how: bool
    ) -> Answer:
        """The path goes out as it is written here: no client tidies it up. A body that is iterated goes in chunks."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}), **how)  # type: ignore[arg-type]
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def dropped(self) -> dict[str, bytes]:
        """The drop box: names and contents."""
        container = self.storage.get_container_client("jobs")
        return {blob.name: container.download_blob(blob.name).readall() for blob in container.list_blobs()}

    def empty(self) -> None:
        """Take everything out of the drop box."""
        container = self.storage.get_container_client("jobs")
        for blob in container.list_blobs():
            container.delete_blob(blob.name)


@dataclass(frozen=True)
class Storage:
    """An account of its own, as the names of its containers are the controller's, with `jobs` in it."""

    azurite: Azurite
    client: BlobServiceClient
    jobs: Mapping[str, str]


@contextmanager
def storage_with_jobs(folder: Path) -> Iterator[Storage]:
    ground = Ground()
    jobs = some_jobs(ground)
    with ExitStack() as opened:
        azurite = opened.enter_context(start_azurite(folder))
        client = opened.enter_context(BlobServiceClient.from_connection_string(azurite.connection_string))
        copied(ground.world.control, client)
        copied(ground.world.work, client)
        queue = opened.enter_context(QueueClient.from_connection_string(azurite.connection_string, NAME))
        queue.create_queue()
        yield Storage(azurite, client, jobs)


@contextmanager
def real_host(storage: Storage, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[RealHost]:
    """A host over `storage`; its log is in `folder`."""
    program = start(storage.azurite, folder, settings or {})
    try:
        ready = program.wait_ready(r"^functions host ready: (http://127\.0\.0\.1:\d+)", patience=60)
        yield RealHost(ready.group(1), program, storage.client, storage.jobs)
    finally:
        program.stop()


def start(azurite: Azurite, folder: Path, settings: Mapping[str, str]) -> Program:
    connection = azurite.connection_string
    values = {
        **sample(),
        **SETTINGS,
        **{f"AzureWebJobs.{name}.Disabled": "true" for name in IDLE},
        **dict.fromkeys(("AzureWebJobsStorage", "BATCHDROP_CONTROL", "BATCHDROP_WORK"), connection),
        **settings,
    }
    command = [executable, "-m", "local.functions_host", "--app", str(ROOT), "--port", "0", "--enable-auth"]
    folder.mkdir(parents=True, exist_ok=True)
    return Program("functions host", command, folder / "host.log", environment=os.environ | values, folder=ROOT)
