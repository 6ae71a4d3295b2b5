"""Write the fixtures: `python -m tests.upgrades.freeze`.

Each is a world as a deployment of today leaves it at one moment of a job, and how that job ends. It is run once for
each version of the record and never again: fixtures are kept as they are.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.names import STATE
from shared.record import VERSION
from tests.fakes.world import World
from tests.loop.ground import Ground
from tests.loop.mortal import Killed
from tests.upgrades.frozen_world import frozen, thawed
from tests.upgrades.jobs import JOBS, Moment, OldJob

FOLDER = Path(__file__).parent / "fixtures"
MOST_ROUNDS = 60


class Watched:
    """The control account of a process that ends when a record with the wanted fact has been saved."""

    def __init__(self, inner: Any, moment: Moment) -> None:
        self._inner, self._moment = inner, moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put(self, container: str, name: str, content: bytes, **more: Any) -> str:
        etag = self._inner.put(container, name, content, **more)
        if container == STATE and name.startswith("records/") and self._moment(json.loads(content)):
            raise Killed
        return str(etag)


def watched(world: World, moment: Moment) -> World:
    control: Any = Watched(world.control, moment)
    return replace(world, ports=replace(world.ports, control=control))


def outcome(ground: Ground) -> dict[str, Any]:
    """What must be the same whichever version carries the job to its end."""
    status = ground.status()
    result = ground.result(status["jobId"])
    path = status["links"]["result"]
    merged = ground.blob(path).decode() if path and not path.endswith("/") else None
    names = ("state", "complete", "units", "tasks")
    return {name: status[name] for name in names} | {"merged": merged, "blobs": (result["result"] or {}).get("blobs")}


def prepared(job: OldJob) -> tuple[Ground, str]:
    """Inputs, and the job before, in place; the manifest to drop."""
    ground = Ground()
    for path, text in job.inputs.items():
        ground.put(path, text)
    if job.retries is None:
        return ground, job.manifest
    ground.drop(job.retries, "first.yaml")
    for _ in range(MOST_ROUNDS):
        ground.round(job.program)
        if ground.status("first.yaml")["times"]["cleaned"]:
            break
    return ground, ground.blob(ground.status("first.yaml")["links"]["retry"]).decode() + job.manifest


def frozen_at(job: OldJob, moment: Moment) -> dict[str, Any]:
    """The world right after that save."""
    ground, manifest = prepared(job)
    dying = Ground(world=watched(ground.world, moment))
    try:
        dying.drop(manifest)
        for _ in range(MOST_ROUNDS):
            dying.round(job.program)
    except Killed:
        job.before(ground)
        return frozen(ground.world)
    raise AssertionError("that moment never came")


def ends(job: OldJob, raw: dict[str, Any]) -> dict[str, Any]:
    """How it ends, by the same deployment."""
    ground = Ground(world=thawed(raw))
    job.later(ground)
    ground.settle(job.program)
    return outcome(ground)


def main() -> None:
    for name, job in JOBS.items():
        for moment, is_it in job.moments.items():
            raw = frozen_at(job, is_it)
            file = FOLDER / f"v{VERSION}-{name}-{moment}.json"
            if file.exists():
                sys.exit(f"{file.name} is there: a fixture is never written again")
            file.write_text(json.dumps({"ends": ends(job, raw), "world": raw}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
