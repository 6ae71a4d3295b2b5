"""Where processes die: between the controller and the services, before a request or after its effect.

A run is not begun anew for each point. At the point the whole process is forked: in the child the controller dies there
and the story goes on to its end; the parent goes on as if nothing had been. What both have behind them is the same.
"""

from __future__ import annotations

import gc
import json
import os
import re
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qs

from local.in_process.exchange import Answer, Sent, Service
from tests.wired.place import Killed, Place

_JOB = re.compile(r"bd-[a-z0-9-]+?-[0-9a-f]{12}")
_LONG = re.compile(r"[0-9a-f]{32,}|\d{8,}T?[0-9Z.:-]*|\d{4}-\d{2}(-\d{2})?[0-9T:.+%A-Z-]*")
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Point:
    """`request`: verb, resource, and which one of its kind; `number`: which one of all."""

    number: int
    request: str
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} request {self.number}: {self.request}"


@dataclass
class Run:
    """A child that died at `point`; `told` is what it found at its end."""

    point: Point
    pid: int
    pipe: int
    told: dict[str, Any] = field(default_factory=dict)


@dataclass
class Stage:
    """`lanes` runs at once. `every`: also where the world is as it was at the last point. `stride`: every n-th of the
    points that are left, from `first` on. `meanwhile`: the process does not die, it freezes before a request that
    changes something; this is what happens until it thaws."""

    lanes: int = 2
    every: bool = False
    stride: int = 1
    first: int = 0
    meanwhile: Callable[[], None] | None = None
    points: int = 0
    worlds: int = 0
    requests: int = 0
    runs: list[Run] = field(default_factory=list)
    child: int | None = None
    """In a child: where it tells."""
    _seen: Counter[str] = field(default_factory=Counter)
    _changes: int = 0
    _last: object = None
    _going: list[Run] = field(default_factory=list)
    place: Callable[[], Place] | None = None

    def way(self, service: Service) -> Service:
        """What the next process sends by: once it has died, nothing stands in its way any more."""
        return service if self.child is not None else lambda sent: self._sent(service, sent)

    def _sent(self, service: Service, sent: Sent) -> Answer:
        if self.child is None:
            return self._looked_at(service, sent)
        if self.meanwhile is None:
            raise Killed  # what a dying process still tries
        return service(sent)

    def _looked_at(self, service: Service, sent: Sent) -> Answer:
        self.requests += 1
        name = named(sent)
        self._seen[name] += 1
        request = f"{name} #{self._seen[name]}"
        changing = sent.method not in READS
        if changing or self.meanwhile is None:
            self._stop_at(Point(self.requests, request, after=False))
        answer = service(sent)
        self._changes += changing
        if self.meanwhile is None and self.child is None:
            self._stop_at(Point(self.requests, request, after=True))
        return answer

    def _stop_at(self, point: Point) -> None:
        self.points += 1
        world = (self._changes, *moment(self.place))
        if not self.every and world == self._last:
            return
        self._last = world
        self.worlds += 1
        if (self.worlds + self.first) % self.stride:
            return
        self._fork(point)

    def _fork(self, point: Point) -> None:
        while len(self._going) >= self.lanes:
            self._await()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            self.child = writing
            self._in_child()
            return
        os.close(writing)
        run = Run(point, pid, reading)
        self.runs.append(run)
        self._going.append(run)

    def _in_child(self) -> None:
        gc.disable()  # it lives for a second, and what it shares with its parent stays shared
        if self.meanwhile is None:
            raise Killed
        try:
            self.meanwhile()
        except Exception:  # noqa: BLE001 - it must not reach the controller, which would make a fact of it
            self.tell({"error": traceback.format_exc()})

    def _await(self) -> None:
        """The oldest child has told all and is gone."""
        run = self._going.pop(0)
        with os.fdopen(run.pipe, "rb") as pipe:
            said = pipe.read()
        os.waitpid(run.pid, 0)
        run.told = json.loads(said) if said else {"error": "it ended without a word"}

    def tell(self, found: dict[str, Any]) -> NoReturn:
        """In a child: the end."""
        assert self.child is not None
        with os.fdopen(self.child, "wb") as pipe:
            pipe.write(json.dumps(found).encode())
        os._exit(0)

    def gather(self) -> list[Run]:
        """In the parent: all runs, once they are over."""
        while self._going:
            self._await()
        return self.runs


def moment(place: Callable[[], Place] | None) -> tuple[object, ...]:
    """What else a later process would find: the time, and what the host had in hand."""
    here = place() if place else None
    return (here.clock.now(), here.trigger, here.triggers) if here else ()


def named(sent: Sent) -> str:
    """Verb and resource, without what differs between two runs."""
    query = parse_qs(sent.query)
    asked = "&".join(f"{name}={query[name][0]}" for name in ("restype", "comp") if name in query)
    path = _LONG.sub("*", _JOB.sub("{job}", sent.path))
    return f"{sent.method} {sent.host.removesuffix('.localhost')}{path}" + (f"?{asked}" if asked else "")
