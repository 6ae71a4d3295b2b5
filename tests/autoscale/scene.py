"""One pool with one job on an emulated account, its formula the only thing that moves it; hours pass in moments.

What must hold at every moment is looked at with every sample: see `laws.py`. What was seen can be drawn: `chart.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.batch_emulator import deeds
from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.execution import Launch
from local.batch_emulator.state import Pool
from local.batch_emulator.world import Settings
from tests.batch_emulator.in_process import InProcess
from tests.fakes.clock import START

STEP = timedelta(seconds=30)
BOOT, LEAVE = 180, 60
"""Seconds that a node takes to come and to go: about what people report of the service."""
MACHINE = {
    "imageReference": {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2204", "version": "latest"},
    "nodeAgentSKUId": "batch.node.ubuntu 22.04",
}


@dataclass(frozen=True)
class Moment:
    """What one look shows: minutes since the start; nodes by kind, those that work, those that the formula wants; tasks
    that wait and tasks that run."""

    minute: float
    spot: int
    dedicated: int
    working: int
    target: int
    waiting: int
    running: int

    @property
    def nodes(self) -> int:
        return self.spot + self.dedicated


@dataclass
class Scene:
    """`seen` grows with each half minute."""

    emulator: Emulator
    lasts: dict[str, timedelta] = field(default_factory=dict)
    """Task -> how long one run of it takes."""
    starts: Counter[str] = field(default_factory=Counter)
    """Task -> how often it was started."""
    seen: list[Moment] = field(default_factory=list)
    begun: dict[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.emulator.world.now()

    @property
    def minute(self) -> float:
        return (self.now - START).total_seconds() / 60

    @property
    def pool(self) -> Pool:
        return self.emulator.world.account.pool("p")

    def call(self, method: str, path: str, body: Any) -> None:
        """One request to the account, as any client makes it."""
        answer = InProcess(self.emulator).send(method, path, body)
        assert answer.status_code < 300, answer.text

    def make(self, formula: str, slots: int = 1) -> None:
        """The pool, autoscale from birth, evaluated every five minutes as Batchdrop asks for; and its job."""
        pool = {"id": "p", "vmSize": "Standard_D2s_v5", "virtualMachineConfiguration": MACHINE}
        scaling = {"enableAutoScale": True, "autoScaleFormula": formula, "autoScaleEvaluationInterval": "PT5M"}
        self.call("POST", "/pools", pool | scaling | {"taskSlotsPerNode": slots})
        self.call("POST", "/jobs", {"id": "j", "poolInfo": {"poolId": "p"}})

    def change(self, formula: str) -> None:
        """Another formula, as the controller sets it."""
        self.call("POST", "/pools/p/enableautoscale", {"autoScaleFormula": formula})

    def add(self, count: int, lasts: timedelta) -> None:
        """More tasks, each of which runs so long."""
        names = [f"t-{number:06d}" for number in range(len(self.lasts), len(self.lasts) + count)]
        self.lasts |= dict.fromkeys(names, lasts)
        for first in range(0, count, 100):
            tasks = [{"id": name, "commandLine": "run"} for name in names[first : first + 100]]
            self.call("POST", "/jobs/j/addtaskcollection", {"value": tasks})

    def preempt(self, nodes: int, back_after: float | None) -> None:
        """Spot nodes are taken back; with `back_after` seconds others come in their place."""
        body = {"nodes": nodes} | ({"backAfter": back_after} if back_after is not None else {})
        with self.emulator.lock:
            deeds.carry_out(self.emulator.world, "preempt", body, self.now)

    def stop_samples(self) -> None:
        """From now on none arrives, and those that did are forgotten."""
        self.pool.samples.clear()
        self.emulator.world.settings = replace(self.emulator.world.settings, sample_lag_seconds=10**7)

    def run(self, minutes: float) -> None:
        """Let so much time pass, and look every half minute."""
        end = self.now + timedelta(minutes=minutes)
        while self.now < end:
            self.emulator.advance(STEP)
            self.seen.append(self.look())

    def look(self) -> Moment:
        pool, job = self.pool, self.emulator.world.account.job("j")
        there = [node for node in pool.nodes.values() if node.state not in ("leavingpool", "preempted") or node.tasks]
        spot = sum(not node.dedicated for node in there)
        return Moment(
            minute=self.minute,
            spot=spot,
            dedicated=len(there) - spot,
            working=sum(bool(node.tasks) for node in there),
            target=pool.target_dedicated + pool.target_low_priority,
            waiting=job.tally.tasks["active"],
            running=len(job.held),
        )

    def play(self, launch: Launch) -> int | None:
        """The program of every task: it lasts as long as was said."""
        task = str(launch.task_id)
        if (launch.node_id, task) not in self.begun:
            self.begun[launch.node_id, task] = self.now
            self.starts[task] += 1
        if self.now - self.begun[launch.node_id, task] < self.lasts[task]:
            return None
        del self.begun[launch.node_id, task]
        return 0


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """An account of its own, at START."""
    scenes: list[Scene] = []
    execution = CallableExecution(lambda launch: scenes[0].play(launch))
    settings = Settings(folder, boot_seconds=BOOT, delete_seconds=LEAVE)
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, DrivenClock(START), settings=settings)
    scenes.append(Scene(emulator))
    try:
        yield scenes[0]
    finally:
        emulator.close()
