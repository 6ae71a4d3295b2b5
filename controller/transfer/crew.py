"""A few threads that work for one pass: bounded in number and in what waits for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from controller.threads import Threads

P = ParamSpec("P")
R = TypeVar("R")
THREADS = 8


class Crew:
    """At most `ahead` calls are under way or waiting; each runs in the context (deadline, log fields) of its giver.

    The first error of a call is raised by the next `submit` that has to wait, or by `drain`.
    """

    def __init__(self, threads: int = THREADS, ahead: int = THREADS) -> None:
        self._executor = Threads(threads)
        self._ahead = ahead
        self._pending: deque[Future[object]] = deque()

    def submit(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Hand in a call; waits for the oldest one while too many are pending."""
        while len(self._pending) >= self._ahead:
            self._pending.popleft().result()
        future = self.start(call, *args, **kwargs)
        self._pending.append(future)  # type: ignore[arg-type]
        return future

    def start(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Hand in a call whose giver bounds and awaits it himself."""
        return self._executor.submit(call, *args, **kwargs)

    def drain(self) -> None:
        """Wait until every submitted call is done."""
        while self._pending:
            self._pending.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
