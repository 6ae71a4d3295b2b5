"""A port whose process dies at the n-th call: before the call takes effect, or just after it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from shared.ports import Ports


class Killed(Exception):
    """The process is gone; nothing that follows in it happens."""


@dataclass
class Life:
    """Calls left to live; `after`: the last one still takes effect. Once dead, every call dies."""

    calls: int
    after: bool = False
    spent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, call: Callable[[], Any]) -> Any:
        with self._lock:
            self.spent += 1
            spent = self.spent
        if spent > self.calls or (spent == self.calls and not self.after):
            raise Killed
        try:
            return call()
        finally:
            if spent == self.calls:  # whatever it answered, or refused with
                raise Killed


class Mortal:
    """All calls of one port, through a life."""

    def __init__(self, port: Any, life: Life) -> None:
        self._port, self._life = port, life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *args, **kwargs: self._life.spend(lambda: method(*args, **kwargs))


def mortal(ports: Ports, life: Life) -> Ports:
    """The same world, for a process that will die: both storage accounts count."""
    control: Any = Mortal(ports.control, life)
    work: Any = Mortal(ports.work, life)
    return replace(ports, control=control, work=work)
