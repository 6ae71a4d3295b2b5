"""Plays one case: what a person reads, how many looks of the controller it took, and how long."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.emulated.ground import POLL, EmulatedGround
from tests.failures.case import Case
from tests.failures.deeds import carry_out, due
from tests.failures.sights import SIGHTS, Sight, since_accepted

MANIFEST: dict[str, Any] = {
    "version": 1,
    "name": "numbers",
    "container": {"image": "localhost/demo:1"},
    "input": {"range": {"stop": 4}},
    "compute": {"maxNodes": 4},
}
SHOWN = ("state", "final", "complete")
NODE = re.compile(r"tvmps_[0-9a-f]+_[dp]")
STRIDE, NEAR = timedelta(minutes=5), timedelta(minutes=10)
"""Where a case waits for a time, most of the way is gone in strides, once its first minutes are over."""
ETAG = re.compile(r"0x8DE[0-9A-F]+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Told:
    """`said`: the part of the status a person looks at, names and times made the same for every run."""

    said: dict[str, Any]
    looks: int
    """Of the controller, from the moment it could be known until it was told."""
    took: timedelta
    """From acceptance until it was told and, where the job fails, final."""


class Stage:
    """One case on its ground."""

    def __init__(self, case: Case, ground: EmulatedGround) -> None:
        self.case, self.ground = case, ground
        self.sight = sight_of(case)
        self.coming = sorted(case.then, key=due)
        self.looks: int | None = None

    def play(self) -> Told:
        """Until the person has read it."""
        for deed in self.case.before:
            carry_out(self.ground, deed)
        self.ground.drop_mapping(MANIFEST | dict(self.case.manifest))
        self.begun = self.ground.world.clock.now()
        self.do_what_is_due()
        self.look()
        while not self.is_told():
            self.step()
        looks = self.looks
        assert looks is not None, f"told before it could be seen: {self.ground.status()}"
        while self.case.where == "failure" and not self.ground.status()["final"]:
            self.step()
        return Told(shown(self.ground.status(), self.case), looks, self.passed())

    def mend(self) -> str:
        """What becomes of the job once the cause is away."""
        for deed in self.case.mend:
            carry_out(self.ground, deed)
        self.ground.poll_until(lambda: bool(self.ground.status()["final"]), timedelta(hours=4))
        return str(self.ground.status()["state"])

    def step(self) -> None:
        """Half a minute or a stride, in which the world goes on, then the timer's turn."""
        assert self.passed() < self.case.within, f"not within {self.case.within}: {self.ground.status()}"
        far = self.case.hour is not None and STRIDE <= self.passed() < self.case.hour - NEAR
        self.ground.world.clock.advance(STRIDE if far else POLL)
        self.do_what_is_due()
        self.look()
        self.ground.tick()
        self.ground.deliver()

    def do_what_is_due(self) -> None:
        while self.coming and due(self.coming[0]) <= self.passed():
            carry_out(self.ground, self.coming.pop(0))

    def look(self) -> None:
        """Count the controller's looks from the one on that follows the moment when it can be seen."""
        if self.looks is None:
            self.looks = 0 if not self.coming and self.sight(self.ground, self.ground.job()) else None
        if self.looks is not None and self.ground.is_due():
            self.looks += 1

    def is_told(self) -> bool:
        told = told_at(self.ground.status(), self.case.where)
        return any(code == self.case.code and self.case.says in message for code, message in told)

    def passed(self) -> timedelta:
        return self.ground.world.clock.now() - self.begun


def sight_of(case: Case) -> Sight:
    return SIGHTS[case.seen] if case.hour is None else since_accepted(case.hour)


def told_at(status: dict[str, Any], where: str) -> list[tuple[str, str]]:
    """The codes and messages that stand in that place of the status."""
    found = status[where]
    if where == "cleanup":
        return [(found["state"], "")]
    return [
        (each["code"], each["message"]) for each in (found if isinstance(found, list) else [found] if found else [])
    ]


def shown(status: dict[str, Any], case: Case) -> dict[str, Any]:
    """State and the place where the code stands, without what differs from run to run."""
    part = {name: status[name] for name in (*SHOWN, case.where)}
    text = json.dumps(part, ensure_ascii=False).replace(status["jobId"], "<job>")
    accepted = datetime.fromisoformat(status["times"]["accepted"])
    text = ETAG.sub("<etag>", text)
    text = TIME.sub(lambda found: relative(datetime.fromisoformat(found.group()), accepted), NODE.sub("<node>", text))
    return dict(json.loads(text))


def relative(moment: datetime, accepted: datetime) -> str:
    return f"accepted + {moment - accepted}" if moment >= accepted else f"accepted - {accepted - moment}"


def written(told: Told) -> str:
    return json.dumps(told.said, ensure_ascii=False, indent=2) + "\n"
