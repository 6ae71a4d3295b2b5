"""The shapes of the world: what a pass may ask of storage, Batch, queue, events, secrets, locks and the clock.

Every method is bounded by the deadline the port was built with and raises only errors of `shared.errors`. Absent things
are None, never exceptions; "exists" on create and "not found" on delete are success.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.ports.batch import (
    BatchPort,
    FailedTask,
    ImageSeen,
    JobSeen,
    NodeCounts,
    NodeError,
    Owned,
    PoolSeen,
    RunningTask,
    ServiceError,
    TaskCounts,
)
from shared.ports.quota import InUse, PoolNodes, Quotas
from shared.ports.signals import Clock, DefectCount, EventPort, Lease, LockPort, QueuePort, SecretPort
from shared.ports.storage import ABSENT, ANY, Blob, BlobItem, BlobPort, Condition, ContainerItem

__all__ = [
    "ABSENT",
    "ANY",
    "BatchPort",
    "Blob",
    "BlobItem",
    "BlobPort",
    "Clock",
    "Condition",
    "ContainerItem",
    "DefectCount",
    "EventPort",
    "FailedTask",
    "ImageSeen",
    "InUse",
    "JobSeen",
    "Lease",
    "LockPort",
    "NodeCounts",
    "NodeError",
    "Owned",
    "PoolNodes",
    "PoolSeen",
    "Ports",
    "QueuePort",
    "Quotas",
    "RunningTask",
    "SecretPort",
    "ServiceError",
    "TaskCounts",
]


@dataclass(frozen=True)
class Ports:
    """The world of one controller. `control` and `work` may be one account."""

    control: BlobPort
    work: BlobPort
    batch: BatchPort
    locks: LockPort
    queue: QueuePort
    events: EventPort
    secrets: SecretPort
    clock: Clock
