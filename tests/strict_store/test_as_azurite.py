"""What the strict store and Azurite answer alike, asked through the real SDK: results and error codes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    AccessPolicy,
    BlobBlock,
    BlobClient,
    BlobLeaseClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    generate_blob_sas,
    generate_container_sas,
)
from azure.storage.queue import QueueClient

from tests.strict_store.conftest import Ask

FREE = MatchConditions.IfMissing
SAME = MatchConditions.IfNotModified


def code(call: Callable[[], object]) -> tuple[int, str]:
    """Status and error code of a refusal."""
    with pytest.raises(HttpResponseError) as refused:
        call()
    error = refused.value
    own = getattr(error, "error_code", "")
    return error.status_code or 0, str(getattr(own, "value", own) or "")


def block(number: int, length: int = 4) -> str:
    """An id before its encoding, which is the SDK's work."""
    return f"{number:0{length}d}"


def with_key(blob: BlobClient) -> str:
    """An address that the service itself may read the blob at."""
    key, until = blob.credential.account_key, datetime.now(UTC) + timedelta(hours=1)
    token = generate_blob_sas(
        blob.account_name, blob.container_name, blob.blob_name, account_key=key, permission="r", expiry=until
    )
    return f"{blob.url}?{token}"


def test_containers(blobs: BlobServiceClient, container: ContainerClient) -> None:
    """One is made once, found by its prefix with its metadata, and not found when it is not there."""
    name = container.container_name
    assert code(lambda: blobs.create_container(name)) == (409, "ContainerAlreadyExists")
    other = blobs.create_container(f"{name}-other", metadata={"batchdrop_job": "a", "batchdrop": "b"})
    (shown,) = blobs.list_containers(name_starts_with=f"{name}-", include_metadata=True)
    assert (shown.name, shown.metadata) == (f"{name}-other", {"batchdrop_job": "a", "batchdrop": "b"})
    assert other.get_container_properties().metadata == shown.metadata
    other.set_container_metadata({"c": "d"})
    assert other.get_container_properties().metadata == {"c": "d"}
    other.delete_container()
    for call in (other.get_container_properties, other.delete_container, lambda: list(other.list_blobs())):
        assert code(call) == (404, "ContainerNotFound")
    assert code(lambda: other.upload_blob("a", b"")) == (404, "ContainerNotFound")


@pytest.mark.parametrize(
    ("name", "expected"), [("Upper", "InvalidResourceName"), ("a--b", "InvalidResourceName"), ("ab", "OutOfRangeInput")]
)
def test_container_names(blobs: BlobServiceClient, name: str, expected: str) -> None:
    """Names that the service does not take."""
    assert code(lambda: blobs.create_container(name)) == (400, expected)


def test_conditions(container: ContainerClient) -> None:
    """Writes and reads that hold only for one version, or for none."""
    blob = container.get_blob_client("a")
    etag = blob.upload_blob(b"1", match_condition=FREE, overwrite=True)["etag"]
    assert code(lambda: blob.upload_blob(b"2", match_condition=FREE, overwrite=True)) == (409, "BlobAlreadyExists")
    newer = blob.upload_blob(b"2", etag=etag, match_condition=SAME, overwrite=True)["etag"]
    old = {"etag": etag, "match_condition": SAME}
    calls: list[Callable[[], object]] = [
        lambda: blob.upload_blob(b"3", overwrite=True, **old),
        lambda: blob.set_blob_metadata({"a": "1"}, **old),
        lambda: blob.delete_blob(**old),
        lambda: blob.download_blob(**old),
        lambda: container.get_blob_client("none").upload_blob(b"", overwrite=True, **old),
    ]
    assert [code(call)[0] for call in calls] == [412] * 5
    assert blob.download_blob(etag=newer, match_condition=SAME).readall() == b"2"
    assert code(lambda: blob.get_blob_properties(etag=newer, match_condition=MatchConditions.IfModified))[0] == 304


def test_ranges(container: ContainerClient) -> None:
    """Any range within the blob; behind its end there is none."""
    blob = container.upload_blob("a", b"0123456789")
    assert blob.download_blob(2, 3).readall() == b"234"
    assert blob.download_blob(8, 10).readall() == b"89"
    assert code(lambda: blob.download_blob(20, 1)) == (416, "InvalidRange")


def test_metadata(container: ContainerClient) -> None:
    """It is replaced as a whole, each time as another version; identifiers only."""
    blob = container.upload_blob("a", b"1", metadata={"a_b": "1", "ab": "2", "a": "3"})
    before = blob.get_blob_properties()
    assert before.metadata == {"a_b": "1", "ab": "2", "a": "3"}
    blob.set_blob_metadata({"c": "4"})
    after = blob.get_blob_properties()
    assert after.metadata == {"c": "4"}
    assert after.etag != before.etag
    assert code(lambda: blob.set_blob_metadata({"a-b": "1"})) == (400, "InvalidMetadata")


def test_blocks(container: ContainerClient) -> None:
    """Blocks become the blob in the order of the list, new ones before old ones; unknown ones do not."""
    blob = container.get_blob_client("m")
    for number, content in ((2, b"c"), (0, b"a"), (1, b"b")):
        blob.stage_block(block(number), content)
    assert code(blob.get_blob_properties) == (404, "BlobNotFound")
    assert [each.name for each in container.list_blobs()] == []
    blob.commit_block_list([BlobBlock(block(n)) for n in range(3)], match_condition=FREE)
    assert blob.download_blob().readall() == b"abc"
    blob.stage_block(block(1), b"B")
    committed, waiting = blob.get_block_list("all")
    assert ([each.id for each in committed], [each.id for each in waiting]) == (
        [block(0), block(1), block(2)],
        [block(1)],
    )
    blob.commit_block_list([BlobBlock(block(n)) for n in (1, 0)])
    assert blob.download_blob().readall() == b"Ba"
    gone = [BlobBlock(block(2))]
    assert code(lambda: blob.commit_block_list(gone)) == (400, "InvalidBlockList")


def test_blocks_from_ranges(container: ContainerClient) -> None:
    """A range of another blob as a block: with a signature, of that version, within that blob."""
    source, target = container.upload_blob("from/ü x", b"0123456789"), container.get_blob_client("to")
    etag, address = source.get_blob_properties().etag, with_key(source)

    def stage(at: str = address, offset: int = 3, length: int = 4, version: str = etag) -> None:
        target.stage_block_from_url(block(0), at, offset, length, headers={"x-ms-source-if-match": version})

    stage()
    target.commit_block_list([BlobBlock(block(0))])
    assert target.download_blob().readall() == b"3456"
    assert code(lambda: stage(version='"0x8D0"'))[0] == 412
    assert code(lambda: stage(at=source.url))[0] == 403
    none = with_key(container.get_blob_client("none"))
    assert code(lambda: target.stage_block_from_url(block(0), none, 0, 1))[0] == 404


def test_copies(container: ContainerClient) -> None:
    """A copy has content, type and metadata of its source, unless others are given; conditions hold for both."""
    source, target = container.upload_blob("from", b"1", metadata={"a": "1"}), container.get_blob_client("to")
    etag = source.get_blob_properties().etag
    assert target.start_copy_from_url(source.url)["copy_status"] == "success"
    shown = target.get_blob_properties()
    assert (shown.metadata, shown.copy.status, shown.copy.source) == ({"a": "1"}, "success", source.url)
    target.start_copy_from_url(source.url, metadata={"b": "2"})
    assert target.get_blob_properties().metadata == {"b": "2"}
    free: dict[str, object] = {"match_condition": FREE}
    assert code(lambda: target.start_copy_from_url(source.url, **free)) == (409, "BlobAlreadyExists")
    source.upload_blob(b"2", overwrite=True)
    old = {"source_etag": etag, "source_match_condition": SAME}
    assert code(lambda: target.start_copy_from_url(source.url, **old))[0] == 412


def test_leases(container: ContainerClient) -> None:
    """Who has the lease writes; others wait; what is released or broken can be had again."""
    blob = container.upload_blob("a", b"1")
    mine, other = BlobLeaseClient(blob), BlobLeaseClient(blob)
    assert code(mine.renew)[0] == 409
    mine.acquire(lease_duration=30)
    assert blob.get_blob_properties().lease.status == "locked"
    assert code(lambda: other.acquire(lease_duration=30)) == (409, "LeaseAlreadyPresent")
    assert code(other.renew) == (409, "LeaseIdMismatchWithLeaseOperation")
    assert code(lambda: blob.set_blob_metadata({})) == (412, "LeaseIdMissing")
    assert code(lambda: blob.set_blob_metadata({}, lease=other)) == (412, "LeaseIdMismatchWithBlobOperation")
    blob.set_blob_metadata({"a": "1"}, lease=mine)
    mine.renew()
    name = mine.id
    mine.release()
    assert code(lambda: blob.set_blob_metadata({}, lease=name)) == (412, "LeaseNotPresentWithBlobOperation")
    other.acquire(lease_duration=-1)
    other.break_lease(0)
    assert code(other.renew)[0] == 409
    mine.acquire(lease_duration=15)


def test_listings(container: ContainerClient) -> None:
    """Byte order, prefixes, pages, a name to start from, all that a HEAD shows."""
    for name in ("file2", "file10", "File1", "dir/ü <&>", "zebra"):
        container.upload_blob(name, b"1", metadata={"a_1": "x"})
    expected = ["File1", "dir/ü <&>", "file10", "file2", "zebra"]
    pages = [[each.name for each in page] for page in container.list_blobs(results_per_page=2).by_page()]
    assert pages == [expected[:2], expected[2:4], expected[4:]]
    assert [each.name for each in container.list_blobs(name_starts_with="file")] == ["file10", "file2"]
    assert [each.name for each in container.list_blobs(start_from="e")] == expected[2:]
    (shown,) = container.list_blobs(name_starts_with="z", include=["metadata"])
    head = container.get_blob_client("zebra").get_blob_properties()
    assert (shown.etag, shown.size, shown.metadata) == (head.etag.strip('"'), head.size, head.metadata)
    assert shown.content_settings.content_md5 == head.content_settings.content_md5


def test_stored_access_policies(container: ContainerClient, ask: Ask) -> None:
    """What is signed by a policy lives and dies with it, and may do what it says."""
    container.upload_blob("a", b"1")
    name, key = container.container_name, container.credential.account_key
    token = generate_container_sas(container.account_name, name, account_key=key, policy_id="p")
    address = f"{container.url}/a?{token}"

    def allow(permission: str, hours: int) -> None:
        until = datetime.now(UTC) + timedelta(hours=hours)
        container.set_container_access_policy({"p": AccessPolicy(permission=permission, expiry=until)})

    assert ask("GET", address)[0] == 403
    allow("r", 1)
    assert ask("GET", address) == (200, b"1")
    assert ask("PUT", address, b"2")[0] == 403
    allow("r", -1)
    assert ask("GET", address)[0] == 403
    allow("cw", 1)
    assert ask("PUT", address, b"2")[0] == 201
    container.set_container_access_policy({})
    assert ask("GET", address)[0] == 403
    assert container.download_blob("a").readall() == b"2"


def test_signatures_of_one_blob(container: ContainerClient, ask: Ask) -> None:
    """It opens this blob, for reading, until its end, and was made with the key."""
    blob = container.upload_blob("a", b"1")
    container.upload_blob("b", b"1")

    def address(name: str = "a", hours: int = 1, key: str = blob.credential.account_key) -> str:
        token = generate_blob_sas(
            blob.account_name,
            blob.container_name,
            "a",
            account_key=key,
            permission=BlobSasPermissions(read=True),
            expiry=datetime.now(UTC) + timedelta(hours=hours),
        )
        return f"{container.url}/{name}?{token}"

    assert ask("GET", address()) == (200, b"1")
    wrong = base64.b64encode(b"another").decode()
    for refused in (address(name="b"), address(hours=-1), address(key=wrong)):
        assert ask("GET", refused)[0] == 403
    assert ask("DELETE", address())[0] == 403


def test_messages(queue: QueueClient) -> None:
    """A message is taken, hidden, and deleted by who took it last."""
    assert queue.get_queue_properties().approximate_message_count == 0
    queue.send_message("one", visibility_timeout=0)
    queue.send_message("later", visibility_timeout=300)
    (taken,) = queue.receive_messages(visibility_timeout=60)
    assert (taken.content, taken.dequeue_count) == ("one", 1)
    assert list(queue.receive_messages()) == []
    again = queue.update_message(taken, visibility_timeout=0)
    (newer,) = queue.receive_messages(visibility_timeout=60)
    assert newer.dequeue_count == 2
    assert code(lambda: queue.delete_message(again)) == (400, "PopReceiptMismatch")
    queue.delete_message(newer)
    assert code(lambda: queue.delete_message(newer)) == (404, "MessageNotFound")
    assert [each.content for each in queue.peek_messages()] == []
    assert queue.get_queue_properties().approximate_message_count == 1


def test_a_queue_is_made_twice(queue: QueueClient) -> None:
    """The SDK tells of it, also where it is the same."""
    assert code(queue.create_queue)[1] == "QueueAlreadyExists"
