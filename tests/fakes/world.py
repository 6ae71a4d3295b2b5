"""A whole world in memory: every port, one virtual clock, and the handles that drive it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.names import JOBS, RESULTS, STATE, STATUS
from shared.ports import Ports
from tests.fakes.batch import FakeBatch
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import VirtualClock
from tests.fakes.events import MemoryEvents
from tests.fakes.locks import MemoryLocks
from tests.fakes.queue import MemoryQueue
from tests.fakes.secrets import MemorySecrets


@dataclass(frozen=True)
class World:
    """`ports` is what the controller gets; the rest is for the test."""

    ports: Ports
    clock: VirtualClock
    control: MemoryBlobs
    work: MemoryBlobs
    batch: FakeBatch
    locks: MemoryLocks
    queue: MemoryQueue
    events: MemoryEvents
    secrets: MemorySecrets


def make_world(start: datetime | None = None, clock: VirtualClock | None = None) -> World:
    """Two storage accounts with the system's own containers, an empty Batch account, an empty vault."""
    clock = clock or VirtualClock(start)
    control, work = MemoryBlobs(clock, "control"), MemoryBlobs(clock, "work")
    for container in (JOBS, STATUS, STATE):
        control.create_container(container, {})
    work.create_container(RESULTS, {})
    batch, locks, queue = FakeBatch(clock), MemoryLocks(clock), MemoryQueue(clock)
    events, secrets = MemoryEvents(), MemorySecrets()
    ports = Ports(control, work, batch, locks, queue, events, secrets, clock)
    return World(ports, clock, control, work, batch, locks, queue, events, secrets)
