"""Faults a test orders in advance, and a tally of the calls that were made."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class _Fault:
    error: Exception
    after: bool


class _Faulty(Protocol):
    calls: Counter[str]
    faults: defaultdict[str, deque[_Fault]]


class Faulty:
    """Base of the fakes: their methods can be told to fail, once or more often."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.faults: defaultdict[str, deque[_Fault]] = defaultdict(deque)

    def fail_next(self, method: str, error: Exception, *, times: int = 1, after: bool = False) -> None:
        """The next `times` calls of `method` raise `error`; `after`: its effect takes place first (a lost answer)."""
        if method not in dir(self):
            raise AttributeError(f"{type(self).__name__} has no method {method}")
        self.faults[method].extend([_Fault(error, after)] * times)


S = TypeVar("S", bound=_Faulty)


def port(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A method of the port: counted in `calls`, and failing when it was ordered to."""
    name = method.__name__

    @wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        self.calls[name] += 1
        fault = self.faults[name].popleft() if self.faults[name] else None
        if fault and not fault.after:
            raise fault.error
        answer = method(self, *args, **kwargs)
        if fault:
            raise fault.error
        return answer

    return call
