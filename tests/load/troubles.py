"""What a soak does to the stack: each trouble begins at random, lasts a while, and ends by itself."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

import requests

from local.stack import Stack
from tests.load.door import Door
from tests.load.shaken import VAULT, Doors, OtherHost
from tests.load.spells import any_spell

BETWEEN = (4.0, 25.0)
"""Seconds from the beginning of one trouble to that of the next."""
CODES = {429: "TooManyRequests", 500: "InternalError", 503: "ServerBusy"}
End = Callable[[], None]


@dataclass
class Troubles:
    """At most one for each of host, storage, Batch and Key Vault at a time."""

    stack: Stack
    doors: Doors
    dice: Random
    seen: Counter[str] = field(default_factory=Counter)
    _under_way: dict[str, tuple[float, End]] = field(default_factory=dict)
    _next: float = field(default_factory=lambda: monotonic() + BETWEEN[0])

    @property
    def storage_is_there(self) -> bool:
        return not self.doors.storage[0].shut

    def step(self) -> None:
        """End what has lasted long enough; begin one more when it is time."""
        now = monotonic()
        for place, (until, end) in list(self._under_way.items()):
            if until <= now:
                del self._under_way[place]
                end()
        if now >= self._next:
            self._next = now + self.dice.uniform(*BETWEEN)
            self.begin()

    def begin(self) -> None:
        """One of those whose place is calm."""
        free = [(place, trouble) for place, trouble in self._all() if place not in self._under_way]
        if free:
            place, trouble = self.dice.choice(free)
            trouble(place)

    def calm_down(self) -> None:
        """End them all."""
        while self._under_way:
            _, (_, end) = self._under_way.popitem()
            end()
        self._admin("DELETE", "faults")

    def _all(self) -> list[tuple[str, Callable[[str], None]]]:
        host = [self._kill, self._recycle, self._freeze]
        storage = [self._storage_spell, self._storage_spell, self._storage_away]
        batch = [self._batch_fails, self._batch_spell, self._nodes_taken]
        places = {"host": host, "storage": storage, "batch": batch, "vault": [self._vault_away]}
        return [(place, each) for place, found in places.items() for each in found]

    def _note(self, what: str, place: str, lasts: tuple[float, float], end: End) -> None:
        self.seen[what] += 1
        self._under_way[place] = (monotonic() + self.dice.uniform(*lasts), end)

    # ------------------------------------------------------------------ the host

    def _kill(self, place: str) -> None:
        self._note("host: SIGKILL", place, (5, 10), nothing)
        self.stack.kill_host()

    def _recycle(self, place: str) -> None:
        pid = self.stack.host_pid
        if pid is not None:
            self._note("host: SIGTERM", place, (5, 10), nothing)
            os.kill(pid, signal.SIGTERM)

    def _freeze(self, place: str) -> None:
        """Longer than its locks hold; another one works meanwhile, and for a while beside the thawed one."""
        pid = self.stack.host_pid
        if pid is None or not self.storage_is_there:
            return
        other = OtherHost(self.stack)

        def thaw() -> None:
            os.kill(pid, signal.SIGCONT)
            self.seen["host: frozen, another at work"] += other.came
            self._under_way[place] = (monotonic() + self.dice.uniform(5, 15), other.end)

        self._note("host: frozen", place, (35, 60), thaw)
        os.kill(pid, signal.SIGSTOP)
        other.start()

    # ------------------------------------------------------------------ its services

    def _storage_spell(self, place: str) -> None:
        self._spell("storage", place, self.doors.storage)

    def _batch_spell(self, place: str) -> None:
        self._spell("batch", place, [self.doors.by_name["BATCHDROP_BATCH_ENDPOINT"]])

    def _spell(self, what: str, place: str, doors: list[Door]) -> None:
        spell = any_spell(self.dice)

        def over() -> None:
            for door in doors:
                door.spell = None

        self._note(f"{what}: {spell.name}, {spell.rate:.0%}", place, (5, 30), over)
        for door in doors:
            door.spell = spell

    def _storage_away(self, place: str) -> None:
        """The doors close first: what Azurite answers while it ends may not be on its disk."""

        def back() -> None:
            self.stack.start_storage()
            for door in self.doors.storage:
                door.shut = False

        for door in self.doors.storage:
            door.shut = True
        self._note("storage: SIGTERM, restarted", place, (0, 12), back)
        self.stack.stop_storage()

    def _batch_fails(self, place: str) -> None:
        status, after = self.dice.choice(list(CODES)), self.dice.random() < 0.4
        self._note(f"batch: {'answers lost' if after else 'calls fail'}", place, (1, 5), nothing)
        fault = {"operation": "*", "times": self.dice.randrange(1, 12), "status": status, "code": CODES[status]}
        self._admin("POST", "faults", {**fault, "after": after})

    def _nodes_taken(self, place: str) -> None:
        self._note("batch: nodes taken back", place, (1, 5), nothing)
        self._admin("POST", "deeds", {"do": "preempt", "nodes": self.dice.randrange(1, 4), "backAfter": 5})

    def _vault_away(self, place: str) -> None:
        """It is asked seldom; a new host has to."""
        door = self.doors.by_name[VAULT]

        def back() -> None:
            door.shut = False

        self._note("vault: unreachable", place, (10, 40), back)
        door.shut = True
        if "host" not in self._under_way and self.dice.random() < 0.7:
            self._kill("host")

    def _admin(self, verb: str, what: str, body: dict[str, Any] | None = None) -> None:
        requests.request(verb, f"{self.stack.endpoints.batch}/_admin/{what}", json=body, timeout=20).raise_for_status()


def nothing() -> None:
    """It ends by itself."""
