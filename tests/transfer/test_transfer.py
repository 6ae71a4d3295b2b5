"""Threads of one pass, blobs in blocks, reads ahead."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from controller.transfer.crew import Crew
from controller.transfer.fetch import Wanted, in_order
from controller.transfer.upload import MOST_BLOCKS, Upload
from shared.errors import Conflict, OutOfTime, Refused, Vanished
from shared.ports import ABSENT
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import VirtualClock

FIELD: ContextVar[str] = ContextVar("field", default="none")


@pytest.fixture
def blobs() -> MemoryBlobs:
    found = MemoryBlobs(VirtualClock())
    found.create_container("data", {})
    return found


def content(blobs: MemoryBlobs, name: str) -> bytes:
    blob = blobs.read("data", name)
    assert blob is not None
    return blob.content


def test_the_deadline_of_the_pass_holds_in_its_threads() -> None:
    """A context variable set by the pass is seen by every call it hands in."""
    token = FIELD.set("of this pass")
    with Crew(threads=1) as crew:
        assert crew.submit(FIELD.get).result() == "of this pass"
        assert crew.start(FIELD.get).result() == "of this pass"
    FIELD.reset(token)


def test_an_error_in_a_thread_reaches_the_pass() -> None:
    """At the latest when it waits for all of them."""

    def out_of_time() -> None:
        raise OutOfTime

    with Crew() as crew:
        crew.submit(out_of_time)
        with pytest.raises(OutOfTime):
            crew.drain()


def test_nothing_more_is_handed_in_after_an_error() -> None:
    """The giver meets the error as soon as it has to wait, long before it has handed in all."""
    given: list[int] = []

    def fail() -> None:
        raise OutOfTime

    def give_all() -> None:
        with Crew(threads=1, ahead=2) as crew:
            for number in range(100):
                crew.submit(fail)
                given.append(number)

    with pytest.raises(OutOfTime):
        give_all()
    assert len(given) == 2


def test_no_more_calls_are_under_way_than_allowed() -> None:
    """The giver waits while `ahead` calls are pending: what they hold in memory is bounded."""
    gate = threading.Semaphore(0)
    with Crew(threads=8, ahead=3) as crew:
        for _ in range(3):
            crew.submit(gate.acquire)
        fourth = threading.Thread(target=crew.submit, args=(gate.acquire,))
        fourth.start()
        fourth.join(0.05)
        assert fourth.is_alive()
        gate.release(4)
        fourth.join(10)
        assert not fourth.is_alive()


@pytest.mark.parametrize(("length", "stages"), [(0, 0), (9, 0), (10, 1), (25, 3)])
def test_an_upload_is_one_request_or_blocks(blobs: MemoryBlobs, length: int, stages: int) -> None:
    """Below one block a single put; from there on blocks of equal length, the last one shorter."""
    data = bytes(range(length))
    with Crew() as crew:
        upload = Upload(blobs, crew, ("data", "a"), block=10)
        for at in range(0, length, 7):
            upload.add(data[at : at + 7])
        etag = upload.close({"key": "value"}).result()
    item = blobs.head("data", "a")
    assert item is not None
    assert (content(blobs, "a"), item.etag, dict(item.metadata)) == (data, etag, {"key": "value"})
    assert blobs.calls["stage"] == stages


@pytest.mark.parametrize("data", [b"0123", b"0123456789"])
def test_a_conditional_upload_leaves_what_is_there(blobs: MemoryBlobs, data: bytes) -> None:
    """ABSENT holds for one request and for blocks."""
    blobs.put("data", "a", b"first")
    with Crew() as crew:
        upload = Upload(blobs, crew, ("data", "a"), block=5, when=ABSENT)
        upload.add(data)
        with pytest.raises(Conflict):
            upload.close().result()
    assert content(blobs, "a") == b"first"


def test_blocks_lost_to_an_equal_blob_are_no_loss(blobs: MemoryBlobs) -> None:
    """Another worker commits the same bytes meanwhile, which drops our blocks: its blob is ours. One of another length
    is not."""
    with Crew() as crew:
        upload = Upload(blobs, crew, ("data", "a"), block=2)
        upload.add(b"01234")
        crew.drain()
        etag = blobs.put("data", "a", b"01234")
        assert upload.close().result() == etag
        other = Upload(blobs, crew, ("data", "b"), block=2)
        other.add(b"0123")
        crew.drain()
        blobs.put("data", "b", b"012")
        with pytest.raises(Conflict):
            other.close().result()


def test_a_blob_of_too_many_blocks_is_refused(blobs: MemoryBlobs) -> None:
    """50,000 blocks are the service's limit."""
    with Crew() as crew:
        upload = Upload(blobs, crew, ("data", "a"), block=1)
        with pytest.raises(Refused, match="would be over 50000 bytes"):
            upload.add(b"x" * (MOST_BLOCKS + 1))


def test_blobs_are_read_in_order_and_range_by_range(blobs: MemoryBlobs) -> None:
    """Empty ones give one empty range and cost no request; a version that is gone is named."""
    wanted = []
    for name, data in (("a", b"0123456789"), ("empty", b""), ("b", b"xyz")):
        wanted.append(Wanted(name, "data", name, blobs.put("data", name, data), len(data)))
    with Crew() as crew:
        found = [(blob.task, data) for blob, data in in_order(blobs, crew, wanted, size=4)]
    assert found == [("a", b"0123"), ("a", b"4567"), ("a", b"89"), ("empty", b""), ("b", b"xyz")]
    assert blobs.calls["stream"] == 4
    blobs.put("data", "b", b"xyz")
    with Crew() as crew, pytest.raises(Vanished, match="data/b"):
        list(in_order(blobs, crew, wanted))
