"""One running stack for all end-to-end tests, and a person who only knows storage and HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local.stack.stack import Stack

Status = dict[str, Any]
PATIENCE = 280.0
"""A word that is lost under load costs two minutes; a test must not fail for it."""


class Person:
    """Drops files with the common SDK and reads answers: nothing of ours is imported to do so."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.storage = BlobServiceClient.from_connection_string(stack.storage)
        self.told = _environment(stack)
        key = AzureNamedKeyCredential(self.told["AZURE_BATCH_ACCOUNT"], self.told["AZURE_BATCH_ACCESS_KEY"])
        self.batch = BatchClient(self.told["AZURE_BATCH_ENDPOINT"], key)

    def put(self, path: str, content: bytes | str) -> None:
        container, _, name = path.partition("/")
        self.storage.get_blob_client(container, name).upload_blob(content, overwrite=True)

    def drop(self, path: str, manifest: str) -> None:
        self.put(f"jobs/{path}", manifest)

    def read(self, path: str) -> bytes:
        container, _, name = path.partition("/")
        content: bytes = self.storage.get_blob_client(container, name).download_blob().readall()
        return content

    def exists(self, path: str) -> bool:
        container, _, name = path.partition("/")
        return bool(self.storage.get_blob_client(container, name).exists())

    def status(self, path: str) -> Status | None:
        try:
            return dict(json.loads(self.read(f"status/{path}.json")))
        except ResourceNotFoundError:
            return None

    def wait(self, path: str, until: Callable[[Status], bool], patience: float = PATIENCE) -> Status:
        """The first status that fits."""
        status = None
        end = time.monotonic() + patience
        while time.monotonic() < end:
            status = self.status(path)
            if status is not None and until(status):
                return status
            time.sleep(0.2)
        raise AssertionError(f"{path} did not come so far in {patience} s: {json.dumps(status, indent=1)}")

    def final(self, path: str) -> Status:
        return self.wait(path, lambda status: bool(status["final"]))

    def cleaned(self, path: str) -> Status:
        return self.wait(path, lambda status: bool(status["final"]) and status["cleanup"]["state"] == "done")

    def left(self, job: str) -> list[str]:
        """What storage and Batch still hold of a job, its splitter and recombiner included."""
        containers = [item.name for item in self.storage.list_containers(name_starts_with=job)]
        pools = [pool.id for pool in self.batch.list_pools() if pool.id.startswith(job)]
        jobs = [found.id for found in self.batch.list_jobs() if found.id.startswith(job)]
        return [*containers, *pools, *jobs]

    def http(self, method: str, path: str, **how: Any) -> requests.Response:
        return requests.request(method, f"{self.stack.endpoints.host}/api/{path}", timeout=30, **how)


def _environment(stack: Stack) -> dict[str, str]:
    lines = stack.layout.environment.read_text().splitlines()
    pairs = (line.removeprefix("export ").partition("=") for line in lines)
    return {name: value.strip("'") for name, _, value in pairs}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(Path(tmp_path_factory.mktemp("stack"))) as running:
        yield running


@pytest.fixture(scope="session")
def person(stack: Stack) -> Person:
    return Person(stack)
