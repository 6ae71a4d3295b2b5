"""All points of one reference job, and what became of each."""

from __future__ import annotations

import gc
import time
import traceback
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from tests.crash.jobs import JOBS, SELF_TEST, Reference, live, outcome
from tests.crash.stage import Run, Stage
from tests.wired.place import RESTART, Place

Thaw = Literal["finish", "cancel"]
ENDS = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Report:
    """`wrong`: the runs that did not end as they must."""

    name: str
    requests: int
    points: int
    worlds: int
    runs: int
    wrong: list[Run]
    seconds: float
    expected: dict[str, Any]


@dataclass
class Story:
    """One job from its drop to its end, or from a death on; `thaw`: what another process does with it meanwhile."""

    job: Reference
    stage: Stage
    thaw: Thaw | None = None
    place: Place | None = None

    def lived(self) -> dict[str, Any]:
        """What there is at the end."""
        self.stage.place = lambda: self.place
        self.stage.meanwhile = self.meanwhile if self.thaw else None
        try:
            place = Place(self.job.program, self.stage.way, made=self.found_itself)
            live(place, self.job)
            if self.thaw:
                self.reaped(place)
            return outcome(place, self.job)
        except BaseException:
            if self.stage.child is None:
                raise
            return {"error": traceback.format_exc()}

    def found_itself(self, place: Place) -> None:
        self.place = place

    def meanwhile(self) -> None:
        """Another process takes over, as the frozen one's locks have run out, and brings the job to its end."""
        place = self.place
        assert place is not None
        place.pass_time(RESTART)
        place.start()
        if self.thaw == "cancel" or self.job.cancel:
            place.drop("", "job.yaml.cancel")
        place.settle()

    def reaped(self, place: Place) -> None:
        """The hourly look; twice, as what it asks to go takes a while."""
        for _ in range(2):
            place.pass_time(timedelta(hours=1))
            place.reap()
        place.pass_time(timedelta(minutes=1))


def explore(name: str, stage: Stage, thaw: Thaw | None = None) -> Report:
    """Let the job live once, and die, or freeze, at every point that the stage picks. It forks: no other thread may be
    running."""
    job, began = {**JOBS, **SELF_TEST}[name], time.monotonic()
    gc.collect()
    gc.freeze()
    found = Story(job, stage, thaw).lived()
    if stage.child is not None:
        stage.tell(found)
    check(name, job, found)
    runs = stage.gather()
    wrong = [run for run in runs if not fits(run.told, found, thaw)]
    seconds = time.monotonic() - began
    return Report(name, stage.requests, stage.points, stage.worlds, len(runs), wrong, seconds, found)


def fits(told: dict[str, Any], expected: dict[str, Any], thaw: Thaw | None) -> bool:
    """The same end; or, where someone cancelled meanwhile, a sound one."""
    if thaw != "cancel" or "error" in told:
        return told == expected
    kept = ("cleanup", "verdicts", "left", "open")
    same = all(told[name] == expected[name] for name in kept)
    return same and told["sum"][2] and told["state"][0] == told["state"][3] and told["state"][0] in ENDS


def check(name: str, job: Reference, found: dict[str, Any]) -> None:
    """The undisturbed run is as it must be."""
    assert found["state"][0] == found["state"][3] == job.state, f"{name}: {found}"
    assert found["sum"][2], f"{name}: the units do not add up: {found}"
    assert (found["verdicts"], found["left"], found["open"]) == (1, [], []), f"{name}: {found}"
