"""A job in a world in memory: its manifest, its containers, and what a split leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from controller.split.listing import freeze
from controller.split.rows import Row, from_lines
from controller.split.run import split
from controller.split.sources import with_blobs
from controller.split.units import count
from shared.manifest.models import Input, Manifest, Merge, Output, Split
from shared.names import STATE, JobId, input_container, ledger_shard
from shared.ports import Ports
from shared.record import InputFact, SplitCursor
from tests.builders import a_manifest
from tests.fakes.world import World, make_world

JOB = JobId("bd-split-0123456789ab")
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def lines_manifest(**sizes: Any) -> Manifest:
    """data/in.txt, cut by lines."""
    return a_manifest(
        input=Input(kind="blob", blob="data/in.txt"), split=Split(by="lines", **sizes), merge=Merge(by="lines")
    )


def blobs_manifest(pattern: str = "data/**", name: str = "{stem}.out", **fields: Any) -> Manifest:
    """All blobs below `data`, their outputs collected as files."""
    per_task = fields.pop("per_task", None)
    return a_manifest(
        input=Input(kind="blobs", blobs=pattern, **fields),
        split=Split(units_per_task=per_task),
        output=Output(name=name),
        merge=Merge(by="files"),
    )


def a_world(**blobs: bytes) -> World:
    """The job's input container and a container `data` with these blobs (`__` in a name is a slash, `_` a dot)."""
    world = make_world(NOW)
    world.work.create_container(input_container(JOB), {})
    world.work.create_container("data", {})
    for name, content in blobs.items():
        world.work.put("data", name.replace("__", "/").replace("_", "."), content)
    return world


def frozen(manifest: Manifest, ports: Ports) -> InputFact:
    """The input as the plan sees it."""
    known = None if manifest.input.kind in ("blob", "blobs") else count(manifest.input)
    return freeze(JOB, manifest, known, ports, NOW)


def run_split(
    manifest: Manifest,
    ports: Ports,
    source: InputFact | None = None,
    cursor: SplitCursor | None = None,
    checkpoint: Callable[[SplitCursor], None] = lambda _: None,
) -> SplitCursor:
    return split(JOB, manifest, source or frozen(manifest, ports), cursor or SplitCursor(), ports, checkpoint)


def ledger(world: World, shard: int = 0) -> tuple[Row, ...]:
    blob = world.control.read(STATE, ledger_shard(JOB, shard))
    return from_lines(blob.content) if blob else ()


def ledger_with_blobs(world: World) -> list[Row]:
    return list(with_blobs(world.control, JOB, ledger(world)))


def inputs(world: World) -> dict[str, bytes]:
    """What tasks read, by blob."""
    names = [item.name for item in world.work.list(input_container(JOB))]
    return {name: content(world, input_container(JOB), name) for name in names}


def everything(world: World) -> dict[str, bytes]:
    """All that a split writes: ledger, frozen list, the tasks' inputs."""
    state = {item.name: content(world, STATE, item.name) for item in world.control.list(STATE)}
    return state | inputs(world)


def content(world: World, container: str, name: str) -> bytes:
    port = world.control if container == STATE else world.work
    blob = port.read(container, name)
    assert blob is not None
    return blob.content
