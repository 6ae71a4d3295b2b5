"""A job with outputs in a world in memory, and what its merge leaves behind."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from controller.merge.parts import Joiner, Part
from controller.merge.parts import join as joined
from controller.merge.run import Committed, MergeTarget, TaskOutput, merge
from controller.merge.sizes import Sizes
from shared.manifest.models import Manifest, Merge
from shared.names import JobId, output_container, task_id
from shared.ports import Ports
from shared.record import MergeCursor
from tests.builders import a_manifest
from tests.fakes.world import World, make_world

JOB = JobId("bd-merge-0123456789ab")
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
OWN = f"results/{JOB}/demo.out"


def chunked(data: bytes, lengths: list[int]) -> Iterator[bytes]:
    """`data` in chunks of these lengths, over and over."""
    at = 0
    for length in itertools.cycle(lengths):
        if at >= len(data):
            return
        yield data[at : at + length]
        at += length


def join(joiner: Joiner, outputs: Iterable[bytes], lengths: list[int] | None = None) -> bytes:
    """The whole result of these outputs, of tasks 0, 1, 2 ..."""
    parts = (Part(task_id(index), chunked(data, lengths or [1000])) for index, data in enumerate(outputs))
    return b"".join(joined(joiner, parts))


def merging(by: str, **fields: Any) -> Manifest:
    return a_manifest(merge=Merge(**{"by": by, **fields}))


def a_world(*outputs: bytes) -> tuple[World, list[TaskOutput]]:
    """The job's output container with one output a task, and a container `data`."""
    world = make_world(NOW)
    world.work.create_container(output_container(JOB), {})
    world.work.create_container("data", {})
    return world, [put(world, index, "out", content) for index, content in enumerate(outputs)]


def put(world: World, index: int, name: str, content: bytes) -> TaskOutput:
    etag = world.work.put(output_container(JOB), f"{task_id(index)}/{name}", content)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return TaskOutput(index, name, len(content), etag, md5)


def run_merge(
    manifest: Manifest,
    world: World,
    outputs: list[TaskOutput],
    to: str | None = None,
    if_exists: Any = "fail",
    ports: Ports | None = None,
    checkpoint: Callable[[MergeCursor], None] = lambda _: None,
    cursor: MergeCursor | None = None,
    sizes: Sizes | None = None,
) -> Committed:
    target = MergeTarget(OWN, to, if_exists)
    return merge(JOB, manifest, lambda: iter(outputs), target, ports or world.ports, checkpoint, cursor, sizes=sizes)


def result(world: World, committed: Committed) -> bytes:
    """The bytes a person finds at the path of the merged fact."""
    assert committed.fact.path is not None
    return content(world, committed.fact.path)


def content(world: World, path: str) -> bytes:
    container, _, name = path.partition("/")
    blob = world.work.read(container, name)
    assert blob is not None, f"nothing at {path}"
    return blob.content


def left(world: World, container: str, prefix: str = "") -> dict[str, bytes]:
    return {item.name: content(world, f"{container}/{item.name}") for item in world.work.list(container, prefix)}


def with_work(world: World, work: Any) -> Ports:
    return replace(world.ports, work=work)
