"""A controller whose storage is in memory and whose Batch account is emulated, under one clock that a test drives.

The port is the real one: every look and every deed goes through the SDK and over a socket. Nothing moves by itself:
`poll` lets half a minute pass for nodes and tasks, then it is the timer's turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from controller.budget import Pace
from controller.deployment import Deployment
from local.batch_emulator import deeds
from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.world import Quota, Settings
from shared.azure.batch import AzureBatch
from shared.azure.batch_door import BatchDoor, BatchKey
from shared.azure.node_access import SignedAccess
from shared.azure.pools import DataPlanePools
from shared.names import owner
from shared.ports import Quotas
from tests.batch_emulator.doorway import Doorway
from tests.emulated.node import Node
from tests.fakes.clock import START, VirtualClock
from tests.fakes.world import make_world
from tests.loop.ground import Ground

POLL = timedelta(seconds=30)
"""As often as the timer looks."""
BOOT, DELETION = 60, 20


class ServiceClock(VirtualClock):
    """The clock that the controller reads is the service's; to advance it lets the service go on."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator.world.now())
        self._emulator = emulator

    def now(self) -> datetime:
        return self._emulator.world.now()

    def advance(self, by: timedelta) -> datetime:
        self._emulator.advance(by)
        return self.now()


class ReadablePools(DataPlanePools):
    """Pools by the data plane; the account's quotas are told once `account` is set, as ARM would."""

    account: Quota | None = None

    def quotas(self) -> Quotas | None:
        quota = self.account
        return quota and Quotas(quota.pools, quota.jobs, quota.dedicated, quota.low_priority)


@dataclass
class EmulatedGround(Ground):
    """As `Ground`; `emulator` and `node` are what stands behind the Batch port, `pools` is how pools are made."""

    emulator: Emulator = field(kw_only=True)
    node: Node = field(kw_only=True)
    pools: ReadablePools = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.deployment = Deployment(owner("control", "test"), lambda: self.policy, Pace())

    def run_tasks(self, program: Any, most: int | None = None) -> int:
        """Nodes run what they have by themselves."""
        raise NotImplementedError("emulated nodes run tasks as time passes: set node.program and poll")

    def fault(self, deed: str, **body: Any) -> None:
        """Let something go wrong in the account, by the name that the emulator's scripts know it by."""
        with self.emulator.lock:
            deeds.carry_out(self.emulator.world, deed, body, self.world.clock.now())

    def drop_mapping(self, manifest: dict[str, Any], path: str = "job.yaml") -> None:
        """A manifest given as plain values: JSON is YAML."""
        self.drop(json.dumps(manifest), path)

    def job(self, path: str = "job.yaml") -> str:
        return str(self.status(path)["jobId"])

    def record(self, path: str = "job.yaml") -> dict[str, Any]:
        """The record of the newest job of that path."""
        return dict(json.loads(self._state(f"records/{self.job(path)}.json")))

    def is_due(self) -> bool:
        """Will the next tick look at the job?"""
        record = self.record()
        return record["archived"] is None and datetime.fromisoformat(record["next_look"]) <= self.world.clock.now()

    def poll(self) -> None:
        """Half a minute of the account's time, then one tick and what it leaves in the queue."""
        self.world.clock.advance(POLL)
        self.tick()
        self.deliver()

    def poll_until(self, true: Callable[[], bool], within: timedelta) -> timedelta:
        """How long it took, in the account's time."""
        begun = self.world.clock.now()
        while not true():
            passed = self.world.clock.now() - begun
            assert passed < within, f"not within {within}: {self.status()}"
            self.poll()
        return self.world.clock.now() - begun


@contextmanager
def emulated(doorway: Doorway, folder: Path) -> Iterator[EmulatedGround]:
    """A fresh account behind the doorway's socket."""
    nodes: list[Node] = []
    emulator = Emulator(
        DEVELOPMENT_ACCOUNT,
        DEVELOPMENT_KEY,
        CallableExecution(lambda launch: nodes[0](launch)),
        DrivenClock(START),
        settings=Settings(folder, boot_seconds=BOOT, delete_seconds=DELETION),
        url=doorway.url,
    )
    doorway.emulator = emulator
    world = make_world(clock=ServiceClock(emulator))
    nodes.append(Node(world, world.clock))
    known = BatchKey(DEVELOPMENT_ACCOUNT, lambda: DEVELOPMENT_KEY, lambda: DEVELOPMENT_KEY)
    door, access = BatchDoor(doorway.url, known), SignedAccess(world.work)
    pools = ReadablePools(door, access, world.secrets)
    batch = AzureBatch(door, access, pools)
    try:
        world = replace(world, batch=batch, ports=replace(world.ports, batch=batch))
        yield EmulatedGround(world, emulator=emulator, node=nodes[0], pools=pools)
    finally:
        batch.close()
        emulator.close()
