"""Threads of a pass: they take its deadline and log context along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class Threads(ThreadPoolExecutor):
    """A pool whose work runs in the context of whoever submits it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        context: Any = copy_context()
        return super().submit(context.run, fn, *args, **kwargs)


def each(threads: int, work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """`work` on all things, in their order, by a few threads; the first error is raised once all are done."""
    if len(things) <= 1:
        return [work(thing) for thing in things]
    with Threads(min(threads, len(things))) as pool:
        return list(pool.map(work, things))
