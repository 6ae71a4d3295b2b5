"""Whole jobs through the real SDKs, in one process: what the ports in memory show holds for the wired controller."""

from __future__ import annotations

import threading

import pytest

from tests.loop.ground import Program
from tests.loop.test_jobs import ITEMS, LINES, RANGE, copy, number
from tests.wired.place import Place

TEXT = b"".join(b"line %d\n" % number for number in range(30))


@pytest.mark.parametrize(
    ("manifest", "program", "expected"),
    [
        (RANGE, number, b"0\n1\n2\n3\n4\n"),
        (LINES, copy, TEXT),
        (LINES.replace("unitsPerTask: 3", "tasks: 4"), copy, TEXT),
        (ITEMS, copy, b'{"a":1}\n"zwei"\n3.5\nnull\n'),
    ],
    ids=["range", "lines", "cut in storage", "items"],
)
def test_a_job_runs_to_its_result_and_leaves_nothing(manifest: str, program: Program, expected: bytes) -> None:
    """Succeeded, with exactly these bytes; pool, job and containers are proved gone; no thread is left behind."""
    before = threading.active_count()
    place = Place(program)
    place.put("data/big.txt", TEXT)
    place.drop(manifest)
    place.settle()
    status = place.status()
    assert (status["state"], status["complete"], status["cleanup"]["state"]) == ("succeeded", True, "done")
    assert place.blob(status["links"]["result"]) == expected
    assert place.left() == []
    assert threading.active_count() == before


def test_a_lost_event_is_made_up_for() -> None:
    """A topic that no one listens to costs two minutes: the next word goes to the queue as well."""
    place = Place(number)
    place.drop(RANGE)
    place.deliver()
    place.services.inbox.add = lambda batch: None  # type: ignore[method-assign]  # the topic loses everything
    place.settle()
    assert place.status()["state"] == "succeeded"
    assert place.left() == []


def test_listings_that_come_in_small_pages_are_read_to_their_end() -> None:
    """The service may answer with fewer entries than were asked for, at any time."""
    place = Place(copy)
    for store in (place.services.control, place.services.work):
        store.account.page = 2
    place.put("data/big.txt", TEXT)
    place.drop(LINES)
    place.settle()
    status = place.status()
    assert (status["state"], place.blob(status["links"]["result"])) == ("succeeded", TEXT)
    assert place.left() == []


def test_other_bytes_at_the_same_path_are_another_job_at_once() -> None:
    """The first one's containers are still being deleted; the next one has names of its own."""
    place = Place(number)
    place.drop(RANGE)
    place.settle()
    first = place.status()["jobId"]
    place.drop(RANGE + "labels: {again: 'yes'}\n")
    place.settle()
    status = place.status()
    assert status["state"] == "succeeded"
    assert status["jobId"] != first
    assert place.left() == []
