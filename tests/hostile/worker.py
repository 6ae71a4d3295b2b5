"""A worker that another hand moves on: it stops before each call to the world until it is allowed the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from controller.threads import alone
from shared.ports import Clock, Ports

NAMES = ("control", "work", "batch", "locks", "queue", "events", "secrets")
STUCK = 60.0
"""Seconds after which a worker that neither stops nor ends is a broken test."""


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Skewed:
    """A clock that goes wrong by a fixed span."""

    def __init__(self, clock: Clock, skew: timedelta) -> None:
        self._clock, self._skew = clock, skew

    def now(self) -> datetime:
        return self._clock.now() + self._skew


class Gated:
    """A port, or a lease, each of whose calls waits for its turn."""

    def __init__(self, inner: Any, worker: Worker) -> None:
        self._inner, self._worker = inner, worker

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._worker.wait_for_turn()
            answer = method(*args, **kwargs)
            return Gated(answer, self._worker) if name == "acquire" and answer is not None else answer

        return call


class Worker:
    """One trigger in a thread of its own. Only one of all threads runs at any moment, so runs can be repeated.

    `error`: what came out of the trigger. `after`: called when it died before its end.
    """

    def __init__(
        self, trigger: Callable[[Ports], None], ports: Ports, skew: timedelta, after: Callable[[], None]
    ) -> None:
        gated = {name: Gated(getattr(ports, name), self) for name in NAMES}
        self._ports = replace(ports, **gated, clock=Skewed(ports.clock, skew))  # type: ignore[arg-type]
        self._trigger, self._after = trigger, after
        self._turn, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._left: int | None = 0
        self.calls = 0
        self.dead = self.done = False
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._turn.acquire()
            with alone():
                self._trigger(self._ports)
        except Killed:
            self._after()
        except BaseException as error:  # noqa: BLE001 - it is judged by whoever moves the worker
            self.error = error
        self.done = True
        self._back.release()

    def wait_for_turn(self) -> None:
        """Inside the worker: stop here when no call is left."""
        if self._left == 0 and not self.dead:
            self._back.release()
            self._turn.acquire()
        if self.dead:
            raise Killed
        self.calls += 1
        if self._left is not None:
            self._left -= 1

    def go(self, calls: int | None = None) -> None:
        """Let it make that many calls; None = come to its end."""
        if self.done:
            return
        self._left = calls
        self._turn.release()
        assert self._back.acquire(timeout=STUCK), "a worker neither stopped nor ended"

    def kill(self) -> None:
        """It dies where it stands."""
        if not self.done:
            self.dead = True
            self.go()
        self._thread.join(STUCK)
