"""All points of one reference job, and what became of each."""

from __future__ import annotations

import gc
import time
import traceback
from dataclasses import dataclass
from typing import Any

from tests.crash.jobs import JOBS, SELF_TEST, Reference, live, outcome
from tests.crash.stage import Run, Stage
from tests.wired.place import Place


@dataclass(frozen=True)
class Report:
    """`wrong`: the runs that did not end as the undisturbed one."""

    name: str
    requests: int
    points: int
    worlds: int
    runs: int
    wrong: list[Run]
    seconds: float
    expected: dict[str, Any]


def explore(name: str, stage: Stage) -> Report:
    """Let the job live once, and die at every point that the stage picks. Forks: no other thread may be running."""
    job, began = {**JOBS, **SELF_TEST}[name], time.monotonic()
    gc.collect()
    gc.freeze()
    found = lived(job, stage)
    if stage.child is not None:
        stage.tell(found)
    check(name, job, found)
    runs = stage.gather()
    wrong = [run for run in runs if run.told != found]
    seconds = time.monotonic() - began
    return Report(name, stage.requests, stage.points, stage.worlds, len(runs), wrong, seconds, found)


def lived(job: Reference, stage: Stage) -> dict[str, Any]:
    """The whole story, in the parent or from its death on in a child."""
    here: list[Place] = []
    stage.place = lambda: here[0] if here else None  # type: ignore[return-value,assignment]
    try:
        place = Place(job.program, stage.way, made=here.append)
        live(place, job)
        return outcome(place, job)
    except BaseException:
        if stage.child is None:
            raise
        return {"error": traceback.format_exc()}


def check(name: str, job: Reference, found: dict[str, Any]) -> None:
    """The undisturbed run is as it must be."""
    assert found["state"][0] == found["state"][3] == job.state, f"{name}: {found}"
    assert found["sum"][2], f"{name}: the units do not add up: {found}"
    assert (found["verdicts"], found["left"], found["open"]) == (1, [], []), f"{name}: {found}"
