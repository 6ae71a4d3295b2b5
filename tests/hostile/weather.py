"""How much of what is asked goes wrong, for which services, and how; and what was asked of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from shared.ports import Clock
from tests.hostile.by_identity import ARM
from tests.wired.services import BATCH, TOPIC, VAULT

FAULTS = ("busy", "busy", "lost answer", "refused", "reset", "half", "slow")
NAMES = {BATCH: "Batch", TOPIC: "Event Grid", VAULT: "Key Vault"}
SERVICES = ("blobs", "queues", "Batch", "Azure Resource Manager", "Key Vault", "Event Grid")


def service_of(address: str) -> str:
    """One of SERVICES. Resource Manager shares its host with Batch here, and is told by its paths."""
    parts = urlsplit(address)
    if parts.path.startswith(ARM):
        return "Azure Resource Manager"
    return NAMES.get(parts.netloc) or ("queues" if ".queue." in parts.netloc else "blobs")


@dataclass(frozen=True)
class Toll:
    """What was asked of one service, what of it went wrong, and the most that was asked in one minute."""

    requests: int
    faults: int
    busiest: int


@dataclass
class Weather:
    """`rate`: the part of all requests that go wrong; `only`: of these services, all the others are calm.
    `names`: what went wrong, by its kind. Minutes are those of `clock`."""

    rate: float
    random: Random
    clock: Clock
    only: Iterable[str] = SERVICES
    asked: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    minutes: Counter[tuple[str, int]] = field(default_factory=Counter)

    def strikes(self, address: str) -> bool:
        service = service_of(address)
        self.asked[service] += 1
        self.minutes[service, int(self.clock.now().timestamp() // 60)] += 1
        struck = service in self.only and self.random.random() < self.rate
        self.struck[service] += struck
        return struck

    def fault(self) -> str:
        name = self.random.choice(FAULTS)
        self.names[name] += 1
        return name

    def busiest(self) -> int:
        """The most that was asked of all services together in one minute."""
        together = Counter[int]()
        for (_, minute), number in self.minutes.items():
            together[minute] += number
        return max(together.values())

    def tolls(self) -> dict[str, Toll]:
        """By service, of those that were asked at all."""
        return {name: self._toll(name) for name in SERVICES if self.asked[name]}

    def _toll(self, name: str) -> Toll:
        busiest = max(number for (service, _), number in self.minutes.items() if service == name)
        return Toll(self.asked[name], self.struck[name], busiest)
