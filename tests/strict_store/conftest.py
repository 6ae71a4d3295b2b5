"""The strict store, and Azurite beside it."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient, QueueServiceClient

from local.in_process.exchange import to
from tests.strict_store.ground import Strict

Ask = Callable[..., tuple[int, bytes]]
"""Verb, address, body -> status, content; by nothing but the address."""
HEADERS = {"x-ms-version": "2023-11-03"}
BOTH = ["strict", pytest.param("azurite", marks=pytest.mark.stack)]


@pytest.fixture
def strict() -> Strict:
    """The strict store alone: for rules that Azurite does not have."""
    return Strict()


@pytest.fixture(params=BOTH)
def which(request: pytest.FixtureRequest) -> str:
    """Each test once for each."""
    return str(request.param)


@pytest.fixture
def blobs(which: str, request: pytest.FixtureRequest) -> Iterator[BlobServiceClient]:
    """The blob service."""
    if which == "strict":
        yield request.getfixturevalue("strict").blobs
        return
    connection = request.getfixturevalue("azurite").connection_string
    with BlobServiceClient.from_connection_string(connection, retry_total=0) as service:
        yield service


@pytest.fixture
def container(blobs: BlobServiceClient) -> Iterator[ContainerClient]:
    """A container of the test's own."""
    made = blobs.create_container(f"c-{uuid.uuid4().hex[:20]}")
    yield made
    made.delete_container()


@pytest.fixture
def queue(which: str, request: pytest.FixtureRequest) -> Iterator[QueueClient]:
    """A queue of the test's own."""
    name = f"q-{uuid.uuid4().hex[:20]}"
    if which == "strict":
        made = request.getfixturevalue("strict").queues.create_queue(name)
    else:
        connection = request.getfixturevalue("azurite").connection_string
        made = QueueServiceClient.from_connection_string(connection, retry_total=0).create_queue(name)
    with made:
        yield made
        made.delete_queue()


@pytest.fixture
def ask(which: str, request: pytest.FixtureRequest) -> Ask:
    """As a node asks: without a key, by a signed address."""
    return strictly(request.getfixturevalue("strict")) if which == "strict" else over_http


def strictly(strict: Strict) -> Ask:
    def ask(method: str, address: str, body: bytes = b"") -> tuple[int, bytes]:
        answer = strict.store.blobs(to(method, address, headers_of(method), body))
        return answer.status, answer.body

    return ask


def over_http(method: str, address: str, body: bytes = b"") -> tuple[int, bytes]:
    request = urllib.request.Request(address, body or None, headers_of(method), method=method)  # noqa: S310 Azurite's
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 as above
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def headers_of(method: str) -> dict[str, str]:
    return {**HEADERS, **({"x-ms-blob-type": "BlockBlob"} if method == "PUT" else {})}
