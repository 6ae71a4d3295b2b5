"""What a Batch account may hold, and what it holds, whoever made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Quotas:
    """The account's limits; None where the account has none of its own (its subscription may)."""

    pools: int | None = None
    jobs: int | None = None
    dedicated_cores: int | None = None
    spot_cores: int | None = None
    family_cores: Mapping[str, int] = field(default_factory=dict)
    """Dedicated cores by VM family, as Azure names families; empty where they are not limited one by one."""


@dataclass(frozen=True)
class PoolNodes:
    """The nodes of one pool."""

    vm_size: str
    dedicated: int
    spot: int


@dataclass(frozen=True)
class InUse:
    """All pools of the account, and the number of its jobs that are not completed."""

    pools: tuple[PoolNodes, ...] = ()
    jobs: int = 0
