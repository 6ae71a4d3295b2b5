"""What may befall a request on its way through a door, and spells of it: for a while, one request in so many."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["refused", "reset", "answer lost", "half an answer", "late"]


@dataclass(frozen=True)
class Fault:
    """`refused`: an answer of `status` instead of the effect. `reset`: the connection breaks before it, `answer lost`
    after it. `half an answer`: it breaks in the middle. `late`: the answer takes `seconds` more."""

    kind: Kind
    status: int = 0
    code: str = ""
    retry_after: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Spell:
    """One request in so many (`rate`, 0 to 1) meets one of `faults`."""

    name: str
    rate: float
    faults: tuple[Fault, ...]

    def strike(self, dice: Random) -> Fault | None:
        return dice.choice(self.faults) if dice.random() < self.rate else None


def refused(status: int, code: str, *retry_after: int | None) -> tuple[Fault, ...]:
    return tuple(Fault("refused", status, code, each) for each in retry_after)


BUSY = (*refused(500, "InternalError", None), *refused(503, "ServerBusy", None, 1, 3))
BREAKS = (Fault("reset"), Fault("answer lost"))
LATE = tuple(Fault("late", seconds=seconds) for seconds in (0.5, 2.0, 8.0, 25.0))
SPELLS = {
    "busy": BUSY,
    "resets": BREAKS,
    "half answers": (Fault("half an answer"),),
    "slow": LATE,
    "all at once": (*BUSY, *BREAKS, Fault("half an answer"), *LATE),
}
RATES = (0.02, 0.1, 0.5)


def any_spell(dice: Random) -> Spell:
    name = dice.choice(list(SPELLS))
    return Spell(name, dice.choice(RATES), SPELLS[name])
