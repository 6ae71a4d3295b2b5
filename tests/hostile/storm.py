"""One job in bad weather, and what must be true of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tests.hostile.bad_place import BadPlace
from tests.hostile.by_identity import IdentityServices
from tests.hostile.weather import Toll
from tests.hostile.worlds import WORLDS

MOST_A_MINUTE = 900
"""Requests of one job's controller, SDKs' repetitions included; in calm weather a job of 25 tasks makes some 450."""


@dataclass(frozen=True)
class Storm:
    """What became of one job. `wrong`: the laws it broke, in words. `told`: what it said while the weather was bad."""

    job: str
    rate: float
    requests: int
    faults: int
    busiest: int
    services: Mapping[str, Toll]
    minutes: float
    told: str
    wrong: tuple[str, ...]


def storm(name: str, rate: float, seed: int, rounds: int) -> Storm:
    """The job for that many rounds of bad weather, then to its end in calm weather. By keys."""
    before = threading.active_count()
    return endured(name, BadPlace(WORLDS[name], rate, seed), rate, rounds, before)


def storm_by_identity(name: str, rate: float, seed: int, rounds: int, *, threads: bool = False) -> Storm:
    """In identity mode: Storage, Batch, Key Vault, Event Grid and Azure Resource Manager all together."""
    before = threading.active_count()
    place = BadPlace(WORLDS[name], rate, seed, IdentityServices, threads=threads)
    return endured(name, place, rate, rounds, before)


def storm_over(services: Sequence[str], name: str, rate: float, seed: int, rounds: int) -> Storm:
    """In identity mode, over these services; all others are calm."""
    before = threading.active_count()
    place = BadPlace(WORLDS[name], rate, seed, IdentityServices, services)
    return endured(name, place, rate, rounds, before)


def endured(name: str, place: BadPlace, rate: float, rounds: int, before: int) -> Storm:
    """What became of it. `before`: how many threads there were."""
    place.live(rounds)
    told = told_by(place)
    minutes = (place.clock.now() - place.begun).total_seconds() / 60
    place.calm_down()
    weather, left = place.weather, threading.active_count() - before
    wrong = [f"late: {each}" for each in place.late] + [f"escaped: {each}" for each in place.escaped]
    wrong += judge(name, place)
    wrong += [f"{left} threads were left"] if left > 0 else []
    return Storm(
        name,
        rate,
        weather.asked.total(),
        weather.struck.total(),
        weather.busiest(),
        weather.tolls(),
        round(minutes, 1),
        told,
        tuple(wrong),
    )


def told_by(place: BadPlace) -> str:
    """State, and what it waits for."""
    said = place.said()
    if not said:
        return "not accepted yet"
    return " ".join([said["state"], *(each["code"] for each in said["waiting"])])


def judge(name: str, place: BadPlace) -> list[str]:
    """The same end as without any fault: state, merged bytes, one verdict, nothing left; no minute that is too busy."""
    said, wrong = place.said(), []
    state, merged = calm(name)
    if said["state"] != state:
        wrong.append(f"it ended {said['state']}: {said['failure']}")
    elif merged_of(place) != merged:
        wrong.append("its merged bytes are others")
    wrong += [f"{len(place.verdicts)} verdicts"] if len(place.verdicts) != 1 else []
    wrong += [f"left: {each}" for each in place.left()]
    busiest = place.weather.busiest()
    wrong += [f"{busiest} requests in one minute"] if busiest > MOST_A_MINUTE else []
    return wrong


@lru_cache
def calm(name: str) -> tuple[str, bytes | None]:
    """State and merged bytes of a job that no one disturbs."""
    place = BadPlace(WORLDS[name], 0.0, 0)
    place.calm_down()
    state = place.said()["state"]
    assert state == WORLDS[name].state, place.said()["failure"]
    return state, merged_of(place)


def merged_of(place: BadPlace) -> bytes | None:
    result = place.said()["links"]["result"]
    return place.blob(result) if result else None
