"""What is counted is what went over the wire."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from benchmarks.meter import MeteredBlobs, Requests
from local.azurite import Azurite
from shared.errors import Unsupported
from shared.settings import StorageAccount

pytestmark = pytest.mark.stack


@pytest.fixture
def requests(azurite: Azurite) -> Iterator[Requests]:
    """A meter of the running Azurite, which listens no more afterwards."""
    meter = Requests({urlsplit(azurite.blob_endpoint).port or 0: "blobs"})
    logger = logging.getLogger("urllib3.connectionpool")
    before = logger.level, logger.propagate
    meter.listen()
    yield meter
    logger.removeHandler(meter)
    logger.setLevel(before[0])
    logger.propagate = before[1]


def blobs(azurite: Azurite, *, composes: bool = True) -> MeteredBlobs:
    at = StorageAccount(connection_string=azurite.connection_string)
    return MeteredBlobs(at, azurite.key, composes=composes)


def test_requests_and_bytes_are_counted(azurite: Azurite, requests: Requests) -> None:
    """One request counts once, answers that say no among them; only bytes of blobs count as bytes."""
    account, container = blobs(azurite), f"bench-{uuid.uuid4().hex[:12]}"
    account.create_container(container, {})
    etag = account.put(container, "a", b"12345")
    assert account.head(container, "none") is None
    assert requests.of["blobs"] == 3
    assert (account.read_bytes, account.written_bytes) == (0, 5)
    account.stage_from(container, "b", 0, (container, "a"), etag, 1, 3)
    account.stage(container, "b", 1, b"67")
    account.commit(container, "b", 2)
    found = account.read(container, "b")
    assert found is not None
    assert found.content == b"23467"
    assert requests.of["blobs"] == 7
    assert (account.read_bytes, account.written_bytes) == (5, 7)
    account.close()


def test_store_that_refuses_to_compose(azurite: Azurite, requests: Requests) -> None:
    """The streaming way is measured on a store that refuses before anything is asked."""
    account = blobs(azurite, composes=False)
    with pytest.raises(Unsupported):
        account.stage_from("a", "b", 0, ("a", "c"), "etag", 0, 1)
    assert not requests.of
    account.close()
