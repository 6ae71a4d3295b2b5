"""What a storage account promises, whichever way it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared.azure.account import CHUNK
from shared.azure.blobs import BLOCK
from shared.errors import Conflict, Refused, Vanished
from shared.ports import ABSENT, BlobPort, Condition


def content(blobs: BlobPort, container: str, name: str) -> bytes:
    found = blobs.read(container, name)
    assert found is not None
    return found.content


def names(blobs: BlobPort, container: str, prefix: str = "", after: str | None = None) -> list[str]:
    return [item.name for item in blobs.list(container, prefix, after=after)]


def test_absent_things_are_none(blobs: BlobPort, container: str) -> None:
    """Reading what is not there, blob or container, gives nothing and raises nothing."""
    for where in (container, f"{container}-none"):
        assert blobs.read(where, "a") is None
        assert blobs.head(where, "a") is None
        assert names(blobs, where) == []


def test_read_gives_content_and_its_version(blobs: BlobPort, container: str) -> None:
    """What was put is read back whole, under the ETag the put answered, with length, hash, metadata and date."""
    etag = blobs.put(container, "a/b c.txt", b"hello", metadata={"job": "x"}, content_type="text/plain")
    found = blobs.read(container, "a/b c.txt")
    assert found is not None
    assert (found.content, found.item.etag, found.item.length) == (b"hello", etag, 5)
    assert found.item.md5 == hashlib.md5(b"hello").hexdigest()  # noqa: S324 the service's own checksum
    assert dict(found.item.metadata) == {"job": "x"}
    assert found.item.modified.tzinfo is not None
    assert blobs.head(container, "a/b c.txt") == found.item
    assert '"' not in etag


def test_empty_blob(blobs: BlobPort, container: str) -> None:
    """An empty blob is there, and streams as nothing."""
    etag = blobs.put(container, "empty", b"")
    assert content(blobs, container, "empty") == b""
    assert list(blobs.stream(container, "empty", etag=etag)) == []


@pytest.mark.parametrize("name", ["../other/x", "a/../../other/x", "a/./b", "..", "a/.."])
def test_name_that_leads_elsewhere_is_refused(blobs: BlobPort, container: str, name: str) -> None:
    """HTTP clients resolve such steps: the blob would be another one, even in another container."""
    for use in (
        lambda: blobs.read(container, name),
        lambda: blobs.head(container, name),
        lambda: blobs.put(container, name, b""),
        lambda: next(blobs.stream(container, name, etag="0x1")),
    ):
        with pytest.raises(Refused) as refused:
            use()
        assert refused.value.code == "InvalidResourceName"


def test_dots_within_a_name_are_nothing_special(blobs: BlobPort, container: str) -> None:
    """Hidden files, three dots, and an encoded step that is only a name."""
    for name in (".a", "a/.b/..c", "...", "a/%2e%2e/b", "a..b"):
        blobs.put(container, name, name.encode())
        assert content(blobs, container, name) == name.encode()


def test_put_twice_replaces(blobs: BlobPort, container: str) -> None:
    """An unconditional put can be repeated; each version has an ETag of its own."""
    first, second = blobs.put(container, "a", b"1"), blobs.put(container, "a", b"1")
    assert first != second
    assert content(blobs, container, "a") == b"1"


def test_put_if_absent_is_a_claim(blobs: BlobPort, container: str) -> None:
    """Of many claims of one name exactly one wins."""

    def claim(number: int) -> bool:
        try:
            blobs.put(container, "claim", str(number).encode(), when=ABSENT)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, range(16))) == 1


def test_put_if_version(blobs: BlobPort, container: str) -> None:
    """A write under an ETag lands only on that version, and never on nothing."""
    first = blobs.put(container, "a", b"1")
    second = blobs.put(container, "a", b"2", when=Condition(etag=first))
    with pytest.raises(Conflict):
        blobs.put(container, "a", b"3", when=Condition(etag=first))
    with pytest.raises(Conflict):
        blobs.put(container, "none", b"3", when=Condition(etag=second))
    assert content(blobs, container, "a") == b"2"


def test_writing_into_no_container_says_so(blobs: BlobPort, container: str) -> None:
    """A write into a container that is gone is Vanished, not a conflict."""
    with pytest.raises(Vanished):
        blobs.put(f"{container}-none", "a", b"1")
    with pytest.raises(Vanished):
        blobs.put(f"{container}-none", "a", b"1", when=ABSENT)


@pytest.mark.parametrize(("offset", "length"), [(0, None), (3, None), (2, 4), (5, 100), (10, None), (10, 5), (0, 0)])
def test_stream_reads_a_range(blobs: BlobPort, container: str, offset: int, length: int | None) -> None:
    """Any range can be read; past the end there is nothing."""
    data = b"0123456789"
    etag = blobs.put(container, "a", data)
    expected = data[offset:] if length is None else data[offset : offset + length]
    assert b"".join(blobs.stream(container, "a", etag=etag, offset=offset, length=length)) == expected


def test_stream_comes_in_bounded_chunks(blobs: BlobPort, container: str) -> None:
    """No chunk is larger than 4 MiB, and together they are the blob."""
    data = bytes(range(256)) * (CHUNK // 256) * 2 + b"tail"
    etag = blobs.put(container, "big", data)
    chunks = list(blobs.stream(container, "big", etag=etag))
    assert max(map(len, chunks)) <= CHUNK
    assert b"".join(chunks) == data


def test_stream_of_another_version_vanishes(blobs: BlobPort, container: str) -> None:
    """A blob that changed, also while it is read, or that is gone, is Vanished."""
    etag = blobs.put(container, "a", b"x" * (CHUNK + 1))
    reading: Iterator[bytes] = blobs.stream(container, "a", etag=etag)
    next(reading)
    blobs.put(container, "a", b"y" * (CHUNK + 1))
    with pytest.raises(Vanished):
        next(reading)
    blobs.delete(container, "a")
    with pytest.raises(Vanished):
        next(blobs.stream(container, "a", etag=etag))


def test_put_stream_keeps_any_length(blobs: BlobPort, container: str) -> None:
    """A stream of odd chunks arrives whole, whether it is empty, small, or longer than a block."""
    for chunks in ([], [b"a", b"", b"bc"], [b"z" * (BLOCK - 1), b"yy", b"x" * BLOCK]):
        etag = blobs.put_stream(container, "s", iter(chunks))
        found = blobs.read(container, "s")
        assert found is not None
        assert (found.content, found.item.etag) == (b"".join(chunks), etag)


def test_blocks_are_committed_in_order(blobs: BlobPort, container: str) -> None:
    """Blocks staged in any order, some twice, make the blob in the order of their numbers."""
    for number, part in ((2, b"c"), (0, b"x"), (1, b"b"), (0, b"a")):
        blobs.stage(container, "m", number, part)
    assert blobs.read(container, "m") is None
    etag = blobs.commit(container, "m", 3, when=ABSENT, metadata={"job": "x"})
    found = blobs.read(container, "m")
    assert found is not None
    assert (found.content, found.item.etag, dict(found.item.metadata)) == (b"abc", etag, {"job": "x"})


def test_blocks_from_ranges_of_another_blob(blobs: BlobPort, container: str) -> None:
    """Ranges of a blob, in its container or another, become blocks beside blocks of our own; twice changes nothing."""
    other = f"{container}-other"
    blobs.create_container(other, {})
    etag = blobs.put(other, "dir/a b+ü.txt", b"0123456789")
    blobs.stage(container, "m", 0, b"<")
    for _ in range(2):
        blobs.stage_from(container, "m", 1, (other, "dir/a b+ü.txt"), etag, 3, 4)
    blobs.stage_from(container, "m", 2, (other, "dir/a b+ü.txt"), etag, 9, 1)
    blobs.stage(container, "m", 3, b">")
    blobs.commit(container, "m", 4)
    assert content(blobs, container, "m") == b"<34569>"
    blobs.delete_container(other)


def test_ranges_of_another_version_vanish(blobs: BlobPort, container: str) -> None:
    """A source that changed or is gone, with its container or without, is Vanished by its own name."""
    etag = blobs.put(container, "from", b"1")
    blobs.put(container, "from", b"2")
    with pytest.raises(Vanished) as changed:
        blobs.stage_from(container, "m", 0, (container, "from"), etag, 0, 1)
    blobs.delete(container, "from")
    with pytest.raises(Vanished) as deleted:
        blobs.stage_from(container, "m", 0, (container, "from"), etag, 0, 1)
    with pytest.raises(Vanished) as never:
        blobs.stage_from(container, "m", 0, (f"{container}-none", "from"), etag, 0, 1)
    assert [error.value.thing for error in (changed, deleted, never)] == [
        f"{container}/from",
        f"{container}/from",
        f"{container}-none/from",
    ]


def test_ranges_into_no_container_vanish(blobs: BlobPort, container: str) -> None:
    """A missing target is not taken for a missing source."""
    etag = blobs.put(container, "from", b"1")
    with pytest.raises(Vanished) as error:
        blobs.stage_from(f"{container}-none", "m", 0, (container, "from"), etag, 0, 1)
    assert error.value.thing != f"{container}/from"


@pytest.mark.parametrize(("number", "length"), [(50_000, 1), (0, 0), (0, 4000 * 2**20 + 1)])
def test_ranges_are_bounded(blobs: BlobPort, container: str, number: int, length: int) -> None:
    """Never asked: a block beyond the last, an empty one, one longer than the service takes."""
    etag = blobs.put(container, "from", b"12")
    with pytest.raises(ValueError, match="not in"):
        blobs.stage_from(container, "m", number, (container, "from"), etag, 0, length)


def test_commit_twice_finds_the_first(blobs: BlobPort, container: str) -> None:
    """A second commit-if-absent is a Conflict; without a condition the same blocks can be committed again."""
    blobs.stage(container, "m", 0, b"a")
    blobs.commit(container, "m", 1, when=ABSENT)
    with pytest.raises(Conflict):
        blobs.commit(container, "m", 1, when=ABSENT)
    blobs.commit(container, "m", 1)
    assert content(blobs, container, "m") == b"a"


def test_commit_of_unknown_blocks_is_a_conflict(blobs: BlobPort, container: str) -> None:
    """Blocks that someone's commit has thrown away cannot be committed."""
    blobs.stage(container, "m", 0, b"a")
    with pytest.raises(Conflict):
        blobs.commit(container, "m", 2)


def test_commit_of_no_blocks_is_an_empty_blob(blobs: BlobPort, container: str) -> None:
    """Zero parts make an empty result."""
    blobs.commit(container, "m", 0)
    assert content(blobs, container, "m") == b""


def test_block_numbers_are_bounded(blobs: BlobPort, container: str) -> None:
    """A blob has 50,000 blocks at most."""
    with pytest.raises(ValueError, match="50000"):
        blobs.stage(container, "m", 50_000, b"a")


def test_copy_carries_content_and_metadata(blobs: BlobPort, container: str) -> None:
    """A copy has the bytes of the version asked for; its metadata is the source's unless given; it can be repeated."""
    etag = blobs.put(container, "from", b"data", metadata={"a": "1"})
    for metadata, expected in ((None, {"a": "1"}), ({"b": "2"}, {"b": "2"})):
        for _ in range(2):
            copied = blobs.copy((container, "from"), etag, (container, "to"), metadata=metadata)
            found = blobs.read(container, "to")
            assert found is not None
            assert (found.content, found.item.etag, dict(found.item.metadata)) == (b"data", copied, expected)


def test_copy_of_another_version_vanishes(blobs: BlobPort, container: str) -> None:
    """A source that changed or is gone is Vanished, and nothing is written."""
    etag = blobs.put(container, "from", b"1")
    blobs.put(container, "from", b"2")
    with pytest.raises(Vanished):
        blobs.copy((container, "from"), etag, (container, "to"))
    blobs.delete(container, "from")
    with pytest.raises(Vanished):
        blobs.copy((container, "from"), etag, (container, "to"))
    assert blobs.head(container, "to") is None


def test_copy_is_conditional_on_its_target(blobs: BlobPort, container: str) -> None:
    """A copy replaces only what it may replace."""
    etag = blobs.put(container, "from", b"1")
    there = blobs.put(container, "to", b"old")
    with pytest.raises(Conflict):
        blobs.copy((container, "from"), etag, (container, "to"), when=ABSENT)
    blobs.copy((container, "from"), etag, (container, "to"), when=Condition(etag=there))
    with pytest.raises(Conflict):
        blobs.copy((container, "from"), etag, (container, "to"), when=Condition(etag=there))
    assert content(blobs, container, "to") == b"1"


def test_delete_twice(blobs: BlobPort, container: str) -> None:
    """Deleting what is not there is success, also without its container."""
    blobs.put(container, "a", b"1")
    blobs.delete(container, "a")
    blobs.delete(container, "a")
    blobs.delete(f"{container}-none", "a")
    assert blobs.head(container, "a") is None


def test_list_in_byte_order_with_a_cursor(blobs: BlobPort, container: str) -> None:
    """Listings are in byte order; `after` goes on behind a name, there or not."""
    for name in ("file2", "file10", "File1", "dir/b", "dir/a", "dir.x", "zebra"):
        blobs.put(container, name, b"1")
    everything = ["File1", "dir.x", "dir/a", "dir/b", "file10", "file2", "zebra"]
    assert names(blobs, container) == everything
    assert names(blobs, container, "dir/") == ["dir/a", "dir/b"]
    assert names(blobs, container, after="dir/a") == everything[3:]
    assert names(blobs, container, after="e") == everything[4:]
    assert names(blobs, container, "dir/", after="dir/a") == ["dir/b"]
    assert names(blobs, container, "dir/", after="z") == []


def test_names_alone_are_those_of_the_listing(blobs: BlobPort, container: str) -> None:
    """The same names in the same order, escaped ones too; nothing where there is no container."""
    for name in ("file2", "file10", "dir/b", "dir/a b", "dir/50%25", "größe"):
        blobs.put(container, name, b"1")
    for prefix in ("", "dir/", "file1", "x"):
        assert list(blobs.names(container, prefix)) == names(blobs, container, prefix)
    assert list(blobs.names(f"{container}-none")) == []


def test_list_shows_what_head_shows(blobs: BlobPort, container: str) -> None:
    """A listing with metadata shows each blob as a HEAD does; without it metadata is empty."""
    blobs.put(container, "a", b"1", metadata={"x": "1"})
    (item,) = blobs.list(container, metadata=True)
    assert item == blobs.head(container, "a")
    (bare,) = blobs.list(container)
    assert dict(bare.metadata) == {}


def test_list_does_not_show_uncommitted_blobs(blobs: BlobPort, container: str) -> None:
    """Staged blocks are no blob yet."""
    blobs.stage(container, "m", 0, b"a")
    assert names(blobs, container) == []


def test_containers_are_made_and_dropped_twice(blobs: BlobPort, container: str) -> None:
    """Creating what is there and deleting what is not are success; a drop takes the blobs along."""
    blobs.create_container(container, {"batchdrop_job": "b"})
    (item,) = blobs.list_containers(container)
    assert (item.name, dict(item.metadata)) == (container, {"batchdrop_job": "a"})
    blobs.put(container, "a", b"1")
    blobs.delete_container(container)
    blobs.delete_container(container)
    assert not blobs.container_exists(container)
    assert blobs.read(container, "a") is None
    assert list(blobs.list_containers(container)) == []


def test_container_exists(blobs: BlobPort, container: str) -> None:
    """A container is there until it is proved gone."""
    assert blobs.container_exists(container)
    assert not blobs.container_exists(f"{container}-none")


def test_marks_of_a_container_are_replaced(blobs: BlobPort, container: str) -> None:
    """It shows the new metadata and keeps its blobs; for one that is gone there is nothing to do."""
    blobs.put(container, "a", b"1")
    blobs.mark_container(container, {"batchdrop_job": "b"})
    (item,) = blobs.list_containers(container)
    assert dict(item.metadata) == {"batchdrop_job": "b"}
    assert content(blobs, container, "a") == b"1"
    blobs.mark_container(f"{container}-none", {"batchdrop_job": "b"})


def test_access_policy_is_set_and_taken_twice(blobs: BlobPort, container: str) -> None:
    """The policy can be prolonged and revoked again and again; a container that is gone has none."""
    for days in (1, 2):
        blobs.allow(container, "rl", datetime.now(UTC) + timedelta(days=days))
    blobs.revoke(container)
    blobs.revoke(container)
    blobs.revoke(f"{container}-none")
    with pytest.raises(Vanished):
        blobs.allow(f"{container}-none", "rl", datetime.now(UTC) + timedelta(days=1))


def test_names_with_anything_in_them(blobs: BlobPort, container: str) -> None:
    """Spaces, percent signs, question marks, hashes and other scripts survive every way of naming a blob."""
    for name in ("a b", "50%25.txt", "q?x#y", "größe/文", "+=&"):
        etag = blobs.put(container, name, b"1")
        blobs.copy((container, name), etag, (container, f"copy of {name}"))
        assert content(blobs, container, f"copy of {name}") == b"1"
        assert names(blobs, container, name) == [name]
