"""A pass's deadline bounds everything that is asked of the world underneath."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from datetime import timedelta

import pytest
from werkzeug import Request, Response

from local.serving import serve
from shared.azure.blobs import AzureBlobs
from shared.azure.deadline import LONGEST_TRY, Deadline, bounded, pause, try_seconds
from shared.errors import OutOfTime, Transient
from shared.settings import StorageAccount

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


def within(seconds: float, floor: float = 0.0) -> Deadline:
    return Deadline.after(timedelta(seconds=seconds), floor)


@pytest.fixture
def account() -> Iterator[Callable[[str], AzureBlobs]]:
    """Opens accounts at an address."""
    opened: list[AzureBlobs] = []

    def at(address: str) -> AzureBlobs:
        connection = f"AccountName=a;AccountKey={KEY};BlobEndpoint={address}"
        opened.append(AzureBlobs(StorageAccount(connection_string=connection)))
        return opened[-1]

    yield at
    for each in opened:
        each.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes a connection and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/a"


def test_without_a_deadline_a_try_has_a_minute() -> None:
    """Outside any pass a try is bounded all the same."""
    assert try_seconds() == LONGEST_TRY


def test_a_try_gets_what_is_left() -> None:
    """Near the end a try is shorter; below the floor none is begun."""
    with bounded(within(20, floor=5)):
        assert 19 < try_seconds() <= 20
    with bounded(within(4, floor=5)), pytest.raises(OutOfTime):
        try_seconds()
    with bounded(within(600, floor=5)):
        assert try_seconds() == LONGEST_TRY


def test_the_earlier_of_two_deadlines_holds() -> None:
    """A step cannot give itself more time than its pass has; after the step the pass's holds again."""
    with bounded(within(10)):
        with bounded(within(100)):
            assert try_seconds() <= 10
        with bounded(within(2)):
            assert try_seconds() <= 2
        assert try_seconds() > 2
    assert try_seconds() == LONGEST_TRY


def test_a_pause_that_would_pass_the_deadline_is_not_made() -> None:
    """A pause is given up at once rather than slept into the deadline; one too long to wait is given back."""
    began = time.monotonic()
    with bounded(within(2, floor=1)), pytest.raises(OutOfTime):
        pause(1.5)
    with pytest.raises(Transient) as busy:
        pause(75)
    assert busy.value.delay == timedelta(seconds=75)
    assert time.monotonic() - began < 1


def test_a_thread_takes_the_deadline_along_in_its_context() -> None:
    """A thread started with the pass's context is bounded like the pass; a bare one is not."""
    seen: dict[str, float] = {}
    with bounded(within(3)):
        context = copy_context()
        threads = [
            threading.Thread(target=lambda: context.run(lambda: seen.update(carried=try_seconds()))),
            threading.Thread(target=lambda: seen.update(bare=try_seconds())),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen["carried"] <= 3
    assert seen["bare"] == LONGEST_TRY


def test_a_silent_service_costs_no_more_than_the_deadline(account: Callable[[str], AzureBlobs], silent: str) -> None:
    """A server that never answers is left when the pass's time is up, tries and pauses together."""
    began = time.monotonic()
    with bounded(within(1.5, floor=0.5)), pytest.raises(Transient):
        account(silent).head("data", "a")
    assert time.monotonic() - began < 3


def test_a_busy_service_is_tried_again_within_the_deadline(account: Callable[[str], AzureBlobs]) -> None:
    """One busy answer costs a short pause; the second try finds the blob's container missing."""
    answers = [503, 404]

    def service(request: Request) -> Response:
        return Response(status=answers.pop(0))

    with serve(service) as serving, bounded(within(20, floor=5)):
        assert account(f"{serving.url}/a").head("data", "a") is None
    assert answers == []
