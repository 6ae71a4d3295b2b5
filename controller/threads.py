"""Threads of a pass: they take its deadline and log context along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
_ALONE: ContextVar[bool] = ContextVar("alone", default=False)


@contextmanager
def alone() -> Iterator[None]:
    """Inside the block no thread is started: work is done where and when it is handed in. For runs that must send the
    same requests in the same order each time."""
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)


class Threads(ThreadPoolExecutor):
    """A pool whose work runs in the context of whoever submits it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if _ALONE.get():
            return done(fn, *args, **kwargs)
        context: Any = copy_context()
        return super().submit(context.run, fn, *args, **kwargs)


def done(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """What came of the call, as if a thread had made it."""
    future = Future[T]()
    try:
        future.set_result(fn(*args, **kwargs))
    except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
        future.set_exception(error)
    return future


def each(threads: int, work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """`work` on all things, in their order, by a few threads; the first error is raised once all are done."""
    if len(things) <= 1:
        return [work(thing) for thing in things]
    with Threads(min(threads, len(things))) as pool:
        return list(pool.map(work, things))
