"""Rules of the real service that Azurite does not have, and what is refused because this store does not know it."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobBlock, BlobClient, BlobLeaseClient

from local.in_process.exchange import to
from local.strict_store import blocks
from tests.strict_store.ground import BLOBS, Strict
from tests.strict_store.test_as_azurite import block, code, with_key


def test_a_deleted_container_keeps_its_name_for_half_a_minute(strict: Strict) -> None:
    """It is gone for all who ask, its blobs too, but cannot be made again before."""
    container = strict.blobs.create_container("data")
    container.upload_blob("a", b"1")
    container.delete_container()
    assert code(lambda: strict.blobs.create_container("data")) == (409, "ContainerBeingDeleted")
    assert code(lambda: container.upload_blob("a", b"1")) == (404, "ContainerNotFound")
    assert list(strict.blobs.list_containers()) == []
    strict.clock.advance(timedelta(seconds=29))
    assert code(lambda: strict.blobs.create_container("data")) == (409, "ContainerBeingDeleted")
    strict.clock.advance(timedelta(seconds=1))
    assert list(strict.blobs.create_container("data").list_blobs()) == []


@pytest.fixture
def blob(strict: Strict) -> BlobClient:
    return strict.blobs.create_container("data").get_blob_client("a")


def test_block_ids_have_one_length(blob: BlobClient) -> None:
    """Also those that somebody else left uncommitted."""
    blob.stage_block(block(1), b"1")
    assert code(lambda: blob.stage_block(block(1, length=7), b"1")) == (400, "InvalidBlobOrBlock")
    assert code(lambda: blob.stage_block(block(1, length=65), b"1")) == (400, "InvalidQueryParameterValue")


def test_a_blob_has_50_000_blocks_at_most(blob: BlobClient) -> None:
    """The list is refused, whatever it names."""
    blob.stage_block(block(1), b"1")
    once = [BlobBlock(block(1))]
    blob.commit_block_list(once * blocks.MOST_BLOCKS)
    assert code(lambda: blob.commit_block_list(once * (blocks.MOST_BLOCKS + 1))) == (400, "BlockListTooLong")


def encoded(number: int) -> str:
    return base64.b64encode(block(number, length=6).encode()).decode()


def test_100_000_blocks_wait_at_most(strict: Strict, blob: BlobClient) -> None:
    """The next new one is refused; one that is there already may come again."""
    blob.stage_block(block(0, length=6), b"1")
    waiting = strict.store.account.containers["data"].staged["a"].blocks
    waiting.update((encoded(number), b"1") for number in range(blocks.MOST_STAGED))
    blob.stage_block(block(7, length=6), b"2")
    assert code(lambda: blob.stage_block(block(100_000, length=6), b"1")) == (409, "BlockCountExceedsLimit")


def test_put_blob_discards_what_was_staged(blob: BlobClient) -> None:
    """Whoever staged blocks before finds them gone."""
    blob.stage_block(block(0), b"1")
    blob.upload_blob(b"whole")
    assert code(lambda: blob.commit_block_list([BlobBlock(block(0))])) == (400, "InvalidBlockList")


def test_uncommitted_blocks_expire(strict: Strict, blob: BlobClient) -> None:
    """A week after the last one came, all are gone."""
    blob.stage_block(block(0), b"1")
    strict.clock.advance(timedelta(days=6))
    blob.stage_block(block(1), b"2")
    strict.clock.advance(timedelta(days=6))
    assert len(blob.get_block_list("uncommitted")[1]) == 2
    strict.clock.advance(timedelta(days=1))
    assert code(lambda: blob.commit_block_list([BlobBlock(block(0))])) == (400, "InvalidBlockList")


def test_sources_are_ranges_that_are_there(strict: Strict, blob: BlobClient) -> None:
    """No empty block, none that goes beyond its source, none of a source that no signature opens."""
    source = strict.blobs.get_container_client("data").upload_blob("from", b"0123456789")
    empty = strict.blobs.get_container_client("data").upload_blob("empty", b"")
    address = with_key(source)
    assert code(lambda: blob.stage_block_from_url(block(0), address, 8, 3)) == (416, "InvalidRange")
    assert code(lambda: blob.stage_block_from_url(block(0), address, 10, 1)) == (416, "InvalidRange")
    assert code(lambda: blob.stage_block_from_url(block(0), with_key(empty))) == (400, "InvalidHeaderValue")
    assert code(lambda: blob.stage_block(block(0), b"")) == (400, "InvalidHeaderValue")
    strict.clock.advance(timedelta(hours=2))
    assert code(lambda: blob.stage_block_from_url(block(0), address, 0, 1))[0] == 403


def test_leases_run_by_the_clock(strict: Strict, blob: BlobClient) -> None:
    """One that ran out can be renewed, until another has it."""
    blob.upload_blob(b"1")
    mine, other = BlobLeaseClient(blob), BlobLeaseClient(blob)
    mine.acquire(lease_duration=30)
    strict.clock.advance(timedelta(seconds=30))
    assert code(lambda: blob.set_blob_metadata({}, lease=mine)) == (412, "LeaseLost")
    mine.renew()
    assert code(lambda: other.acquire(lease_duration=30)) == (409, "LeaseAlreadyPresent")
    strict.clock.advance(timedelta(seconds=31))
    other.acquire(lease_duration=30)
    assert code(mine.renew) == (409, "LeaseIdMismatchWithLeaseOperation")


def test_messages_are_hidden_by_the_clock(strict: Strict) -> None:
    """Delayed ones come in time, those that nobody deleted come again, old ones not at all."""
    queue = strict.queues.create_queue("wake")
    queue.send_message("later", visibility_timeout=300)
    assert list(queue.receive_messages()) == []
    strict.clock.advance(timedelta(minutes=5))
    for count in (1, 2):
        (message,) = queue.receive_messages(visibility_timeout=600)
        assert message.dequeue_count == count
        strict.clock.advance(timedelta(minutes=10))
    strict.clock.advance(timedelta(days=7))
    assert list(queue.receive_messages()) == []


def test_metadata_has_8_kib_at_most(blob: BlobClient) -> None:
    """Names and values together."""
    assert code(lambda: blob.upload_blob(b"", metadata={"a": "x" * 8192})) == (400, "MetadataTooLarge")


def test_what_is_not_known_is_refused_by_name(strict: Strict, blob: BlobClient) -> None:
    """Nothing is passed over: an operation, a header, a parameter."""
    blob.upload_blob(b"1")
    with pytest.raises(HttpResponseError, match="comp=tags"):
        blob.get_blob_tags()
    with pytest.raises(HttpResponseError, match="x-ms-tags"):
        blob.upload_blob(b"1", overwrite=True, tags={"a": "1"})
    with pytest.raises(HttpResponseError, match="include=copy"):
        list(strict.blobs.get_container_client("data").list_blobs(include=["copy"]))


def test_without_a_key_nothing_is_answered(strict: Strict) -> None:
    """Neither without a signature nor with another's."""
    bare = strict.store.blobs(to("GET", f"http://{BLOBS}/data/a", {"x-ms-version": "2026-06-06"}))
    wrong = strict.store.blobs(to("GET", f"http://{BLOBS}/data/a", {"Authorization": "SharedKey strict:YQ=="}))
    assert (bare.status, wrong.status) == (401, 403)


def test_listings_come_in_pages_of_the_store(strict: Strict) -> None:
    """A page may be shorter than was asked for; the marker leads on."""
    container = strict.blobs.create_container("data")
    for number in range(5):
        container.upload_blob(f"{number}", b"")
    strict.store.account.page = 2
    assert [each.name for each in container.list_blobs()] == ["0", "1", "2", "3", "4"]
    assert strict.operations.count("ListBlobs") == 3


def test_every_operation_is_described() -> None:
    """The page that lists the store's operations has each of them."""
    from local.strict_store.operations import ACCOUNT, BLOB, CONTAINER, QUEUE

    page = Path("local/strict_store/README.md").read_text()
    names = {operation.name for table in (ACCOUNT, CONTAINER, BLOB, QUEUE) for operation in table.values()}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
