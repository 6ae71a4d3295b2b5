"""Signed addresses of job containers and of users' blobs, tried without any other credential."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from local.azurite import Azurite
from shared.azure.blobs import AzureBlobs
from shared.errors import Defect
from shared.settings import StorageAccount

pytestmark = pytest.mark.stack
SOON = timedelta(hours=1)


@pytest.fixture
def account(azurite: Azurite, storage: StorageAccount) -> Iterator[AzureBlobs]:
    opened = AzureBlobs(storage, key=lambda: azurite.key)
    yield opened
    opened.close()


@pytest.fixture
def container(account: AzureBlobs) -> Iterator[str]:
    name = f"bd-{uuid.uuid4().hex[:20]}-input"
    account.create_container(name, {})
    yield name
    account.delete_container(name)


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 the emulator's own http address
        return bytes(answer.read())


def put(address: str, content: bytes) -> int:
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2023-11-03"}
    request = urllib.request.Request(address, content, headers, method="PUT")  # noqa: S310 as above
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 as above
        return int(answer.status)


def refused(address: str) -> bool:
    try:
        get(address)
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 403
    return False


def test_policy_gives_and_takes_access(account: AzureBlobs, container: str) -> None:
    """What is signed by the policy can be read while the policy allows it, and dies with it."""
    account.put(container, "dir/a b", b"data")
    address = account.signed_by_policy(container, "dir/a b")
    assert refused(address)
    account.allow(container, "rl", datetime.now(UTC) + SOON)
    assert get(address) == b"data"
    account.revoke(container)
    assert refused(address)


def test_policy_is_prolonged_for_addresses_already_given(account: AzureBlobs, container: str) -> None:
    """An address outlives the expiry it was given under, once the policy is moved on."""
    account.put(container, "a", b"data")
    account.allow(container, "r", datetime.now(UTC) - SOON)
    address = account.signed_by_policy(container, "a")
    assert refused(address)
    account.allow(container, "r", datetime.now(UTC) + SOON)
    assert get(address) == b"data"


def test_container_address_can_be_written_to(account: AzureBlobs, container: str) -> None:
    """A task uploads its outputs below the container's address."""
    account.allow(container, "rwl", datetime.now(UTC) + SOON)
    base, _, signature = account.signed_by_policy(container).partition("?")
    assert put(f"{base}/t-000001/out.txt?{signature}", b"result") == 201
    found = account.read(container, "t-000001/out.txt")
    assert found is not None
    assert found.content == b"result"


def test_a_users_blob_is_signed_alone_and_for_a_while(account: AzureBlobs, container: str) -> None:
    """Reading one source blob does not open its neighbour, writing it, or the time after."""
    account.put(container, "mine", b"data")
    account.put(container, "other", b"data")
    now = datetime.now(UTC)
    address = account.signed_read(container, "mine", now + SOON)
    assert get(address) == b"data"
    assert refused(address.replace("/mine?", "/other?"))
    assert refused(account.signed_read(container, "mine", now - timedelta(minutes=1)))
    with pytest.raises(urllib.error.HTTPError) as forbidden:
        put(address, b"changed")
    forbidden.value.close()


def test_a_users_container_can_be_signed_to_be_listed_and_read(account: AzureBlobs, container: str) -> None:
    """What a mount needs, for a while; nothing can be written."""
    account.put(container, "dir/a", b"data")
    base, _, signature = account.signed_read(container, "", datetime.now(UTC) + SOON).partition("?")
    assert get(f"{base}/dir/a?{signature}") == b"data"
    assert b"dir/a" in get(f"{base}?restype=container&comp=list&{signature}")
    with pytest.raises(urllib.error.HTTPError) as forbidden:
        put(f"{base}/b?{signature}", b"data")
    forbidden.value.close()


def test_nothing_is_signed_without_a_key(storage: StorageAccount) -> None:
    """An account opened without a key gives no address that would fail later on a node."""
    unable = AzureBlobs(storage)
    with pytest.raises(Defect, match="no key"):
        unable.signed_by_policy("bd-a-input")
    with pytest.raises(Defect, match="no key"):
        unable.signed_read("data", "a", datetime.now(UTC) + SOON)
    unable.close()
