"""Programs that serve end when they are told to, at whatever moment the word comes."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from local.functions_host.host import TIMED_OUT, Ending
from local.signals import Ended


@pytest.fixture
def ended() -> Iterator[Ended[str]]:
    before = signal.getsignal(signal.SIGUSR1)
    yield Ended[str]()
    signal.signal(signal.SIGUSR1, before)


def after(seconds: float, deed: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, deed)
    timer.start()
    return timer


def test_a_signal_at_any_moment_of_the_wait_ends_it(ended: Ended[str]) -> None:
    """Many short waits, each with its signal at another moment: none is missed, none blocks itself."""
    for moment in range(200):
        word = f"word {moment}"
        ended.on(word, signal.SIGUSR1)
        timer = after(moment * 1e-5, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        assert ended.wait() == word
        timer.join()


def test_a_signal_that_another_thread_takes_ends_it_too(ended: Ended[str]) -> None:
    """The kernel may hand a signal to any thread: the one that waits is not interrupted then."""
    ended.on("enough", signal.SIGUSR1)
    timer = after(0.1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1))
    assert ended.wait() == "enough"
    timer.join()


def test_the_first_reason_counts() -> None:
    """A time-out that is followed by a stop is a time-out."""
    ending = Ending()
    ending.timed_out("a function")
    ending.stopped()
    assert ending.wait() == TIMED_OUT
