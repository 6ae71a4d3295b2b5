"""Wait for the word that a program shall end, when signals give it too."""

from queue import Empty, SimpleQueue
from signal import Signals, signal
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
