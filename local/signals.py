"""How programs are told to end: by signals, whoever started them and at whatever moment."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from signal import SIG_IGN, Signals, signal
from types import FrameType
from typing import Generic, TypeVar

Word = TypeVar("Word")
# A signal that another thread takes, or that comes just before the wait begins, interrupts nothing: look again.
_LOOK_EVERY = 0.5


class Ended(Generic[Word]):
    """Whoever says a word ends the wait; the first word counts.

    No Event: a signal handler that sets one could wait for a lock held by the very thread that it interrupts.
    """

    def __init__(self) -> None:
        self._words = SimpleQueue[Word]()

    def say(self, word: Word) -> None:
        """From any thread, and from a signal's handler."""
        self._words.put(word)

    def on(self, word: Word, *numbers: Signals) -> None:
        """These signals say it. From the main thread only."""
        for number in numbers:
            signal(number, lambda *_: self.say(word))

    def wait(self) -> Word:
        """Block until the first word."""
        while True:
            try:
                return self._words.get(timeout=_LOOK_EVERY)
            except Empty:
                continue


def interrupt_on(*numbers: Signals, say: Callable[[str], None]) -> None:
    """The first of these signals ends the work as Ctrl-C does; later ones are ignored, so that the end is orderly.

    Said of SIGINT too: a shell without job control has its background programs ignore that.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in numbers:
            signal(each, SIG_IGN)
        say(f"{Signals(number).name}: stopping")
        raise KeyboardInterrupt

    for each in numbers:
        signal(each, interrupt)
