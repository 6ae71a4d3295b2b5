"""How long this pass may still ask the world: set once per pass, read by every client underneath.

A context variable carries it, so it holds for the thread that runs the pass; a thread that a pass starts itself takes
it along by `contextvars.copy_context().run(...)`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from shared.errors import OutOfTime, Throttled

LONGEST_TRY = 60.0
LONGEST_PAUSE = 10.0
FLOOR = 5.0
"""Seconds: of one try, of one pause between tries, and of what must be left to begin a try at all."""


def wait(seconds: float) -> object:
    """Let the time pass."""
    return threading.Event().wait(seconds)


@dataclass(frozen=True)
class Deadline:
    """The moment, by `now` in seconds, by which all must be done. Below `floor` seconds nothing new is begun. `wait`
    is how pauses are made."""

    ends: float
    floor: float = FLOOR
    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = wait

    @classmethod
    def after(cls, span: timedelta, floor: float = FLOOR) -> Deadline:
        """`span` from now."""
        return cls(time.monotonic() + span.total_seconds(), floor)

    def left(self) -> float:
        """Seconds, negative when it has passed."""
        return self.ends - self.now()


@dataclass(frozen=True)
class Answer:
    """What a service said to the last try, as far as it tells."""

    thing: str
    code: str
    status: int | None


NO_ANSWER = Answer("the service", "RetryAfter", None)
_CURRENT: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def bounded(deadline: Deadline) -> Iterator[Deadline]:
    """Everything asked inside the block ends by `deadline`; of nested ones the earlier holds."""
    outer = _CURRENT.get()
    token = _CURRENT.set(outer if outer and outer.ends < deadline.ends else deadline)
    try:
        yield deadline
    finally:
        _CURRENT.reset(token)


def try_seconds() -> float:
    """How long the next try may take; OutOfTime when it should not begin."""
    deadline = _CURRENT.get()
    if deadline is None:
        return LONGEST_TRY
    left = deadline.left()
    if left < deadline.floor:
        raise OutOfTime
    return min(LONGEST_TRY, left)


def pause(seconds: float, answer: Answer = NO_ANSWER) -> None:
    """Wait between two tries, the last of which got `answer`. Too long a wait is given back instead: Throttled with the
    delay; one past the deadline: OutOfTime."""
    if seconds > LONGEST_PAUSE:
        said = f"{answer.thing} asks to wait {seconds:.0f} s [{answer.code} {answer.status}]"
        raise Throttled(answer.thing, answer.code, answer.status, said, timedelta(seconds=seconds))
    deadline = _CURRENT.get()
    if deadline and deadline.left() - seconds < deadline.floor:
        raise OutOfTime
    (deadline.wait if deadline else wait)(seconds)
