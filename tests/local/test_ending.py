"""Programs that serve end when they are told to, at whatever moment the word comes."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from local.functions_host.host import STOPPED, TIMED_OUT, Ending


@pytest.fixture
def handlers() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("handlers")
def test_a_signal_at_any_moment_of_the_wait_ends_it() -> None:
    """Many short waits, each with its signal at another moment: none is missed, none blocks itself."""
    for moment in range(200):
        ending = Ending()
        signal.signal(signal.SIGUSR1, lambda *_, ending=ending: ending.stopped())
        timer = threading.Timer(moment * 1e-5, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert ending.wait() == STOPPED
        timer.join()


def test_the_first_reason_counts() -> None:
    """A time-out that is followed by a stop is a time-out."""
    ending = Ending()
    ending.timed_out("a function")
    ending.stopped()
    assert ending.wait() == TIMED_OUT
