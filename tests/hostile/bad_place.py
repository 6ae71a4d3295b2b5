"""A wired deployment in bad weather: every trigger bounded by its deadline in virtual time, and watched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from random import Random
from typing import Any

from controller import triggers, wiring
from shared.azure.deadline import Deadline, bounded
from shared.azure.line import Line
from shared.azure.transport import BoundedTransport
from shared.errors import BatchdropError, Transient
from tests.crash.jobs import TEXT, Reference
from tests.hostile.bad_line import BadLine
from tests.hostile.weather import SERVICES, Weather
from tests.loop.ground import Program
from tests.wired.place import Place
from tests.wired.services import Services, Tokens

SECONDS = {"start": 280, "event": 90, "message": 1500, "timer": 45, "sweep": 280, "reaper": 1200}
"""What `function_app` gives each trigger."""
GIVEN_BACK = ("message", "event")
"""Triggers whose hint the host brings again when they fail: the others must not fail."""
SWEEPS = timedelta(minutes=5)
STEP = timedelta(seconds=30)


class BadPlace(Place):
    """`late`: triggers that went past their deadline; `escaped`: what came out of those that must not fail. With
    `threads` the controller starts its threads as always: then no run is like the other."""

    def __init__(
        self,
        job: Reference,
        rate: float,
        seed: int,
        among: Callable[[Program], Services] = Services,
        only: Iterable[str] = SERVICES,
        *,
        threads: bool = False,
    ) -> None:
        services = among(job.program)
        self.weather = Weather(0.0, Random(seed), services.clock, only)
        self.late: list[str] = []
        self.escaped: list[str] = []
        self._threads, self._turn = threads, threading.RLock()
        super().__init__(job.program, services=services)
        self.put("data/text.txt", TEXT)
        self.drop(job.manifest)
        self.begun = self.swept = self.clock.now()
        self.weather.rate = rate

    def start(self) -> None:
        bad = BadLine(self.services.internet, self._pause, self.weather, self._turn)
        line = Line(BoundedTransport(bad), Tokens(), self.clock)
        self.ports = wiring.make_ports(self.settings, line)
        self.deployment = wiring.make_deployment(self.settings, self.ports)
        self.run("start", self._at_start)

    def order(self) -> AbstractContextManager[None]:
        return nullcontext() if self._threads else super().order()

    def pass_time(self, span: timedelta) -> None:
        with self._turn:
            super().pass_time(span)

    def run(self, trigger: str, handler: Callable[[], None]) -> bool:
        """As the host does: what comes out of a trigger is logged, and its hint comes again."""
        begun, seconds = self.clock.now(), SECONDS[trigger]
        try:
            with bounded(Deadline(self._seconds() + seconds, now=self._seconds, wait=self._pause)):
                return super().run(trigger, handler)
        except BatchdropError as error:
            if trigger not in GIVEN_BACK or not isinstance(error, Transient):
                self.escaped.append(f"{trigger}: {error}")
            return False
        finally:
            if self.clock.now() > begun + timedelta(seconds=seconds):
                self.late.append(f"{trigger}: {self.clock.now() - begun}")

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    def live(self, rounds: int) -> None:
        """That many rounds of the hosts' timers, half a minute apart; less where the job is over before."""
        for _ in range(rounds):
            if self.clock.now() - self.swept >= SWEEPS:
                self.swept = self.clock.now()
                self.run("sweep", lambda: triggers.on_sweep(self.ports, self.deployment))
            self.round()
            self.pass_time(STEP)
            if self.is_over():
                return

    def calm_down(self) -> None:
        """The weather gets better, and the job comes to its end."""
        self.weather.rate = 0.0
        self.live(40)
        self.settle()

    def is_over(self) -> bool:
        return self.said().get("final") is True

    def said(self) -> dict[str, Any]:
        """The status; nothing where there is none yet."""
        blob = self.control.read("status", "job.yaml.json")
        return self._json(blob) if blob else {}
