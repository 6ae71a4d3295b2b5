"""One blob into tasks: frozen, cut, written, in the ledger."""

from __future__ import annotations

from typing import Any

from benchmarks.jobs import drop, take_step
from benchmarks.world import DATA, open_world
from controller.rights import LASTS
from controller.steps import start
from controller.steps.work import Work
from shared.record import Record


def split(place: dict[str, Any], name: str, source: str, tasks: int, composes: bool) -> dict[str, Any]:
    """The split of one new job, from the frozen input to its last row. `composes`: may storage cut by itself?"""
    world = open_world(place, composes=composes)
    split = {"by": "lines", "tasks": tasks}
    job = drop(world, name, {"input": {"blob": f"{DATA}/{source}"}, "split": split, "merge": {"by": "none"}})
    take_step(world, job, start.freeze_input)
    take_step(world, job, make_containers)
    started = world.look()
    record = take_step(world, job, start.split_input)
    seen = world.look() - started
    return {"seen": vars(seen), "rows": record.split.rows, "bytes": record.split.units}


def make_containers(record: Record, work: Work) -> Record:
    """As the row of that name asks for it, with the date up to which the rights hold."""
    facts = {"containers": work.now, "expires": work.now + LASTS}
    return start.make_containers(record.model_copy(update=facts), work)
