"""Ports whose process can die at any call: before its effect, or after it and before its answer is seen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from shared.ports import Ports
from tests.fakes.world import World

NAMES = ("control", "work", "batch", "locks", "queue", "events", "secrets")


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, `finally` blocks included as far as the world can tell."""


@dataclass
class Killer:
    """Dies at call number `at` (from 1); never when `at` is 0. Keeps the names of all calls."""

    at: int = 0
    after: bool = False
    calls: list[str] = field(default_factory=list)
    dead: bool = False

    def call(self, name: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        if self.dead:
            raise Killed
        self.calls.append(name)
        now = len(self.calls) == self.at
        if now and not self.after:
            self.dead = True
            raise Killed
        try:
            return method(*args, **kwargs)
        finally:
            if now:  # whatever it answered, or refused with
                self.dead = True
                raise Killed


class Mortal:
    """A port, or a lease, behind a killer."""

    def __init__(self, name: str, inner: Any, killer: Killer) -> None:
        self._name, self._inner, self._killer = name, inner, killer

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._inner, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = self._killer.call(f"{self._name}.{method}", target, *args, **kwargs)
            return Mortal("lease", answer, self._killer) if method == "acquire" and answer else answer

        return call


def mortal(world: World, killer: Killer) -> World:
    """The same world, reached by a process that the killer watches."""
    ports = {name: Mortal(name, getattr(world.ports, name), killer) for name in NAMES}
    return replace(world, ports=Ports(**ports, clock=world.clock))  # type: ignore[arg-type]
