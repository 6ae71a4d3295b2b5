"""A node's mounts, as a task's container sees them: what the pool mounts, by the binds of the task's own options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.specs import MountSpec, TaskSpec
from tests.fakes.world import World

BELOW = "$AZ_BATCH_NODE_MOUNTS_DIR/"


class NotThere(AssertionError):
    """A folder that a container should be given; where nobody deleted it, that is a fault of whoever made the task."""


@dataclass(frozen=True)
class Bound:
    """A folder of a mount at its path in the container. `prefix` is that of its blobs."""

    container: str
    prefix: str
    path: str
    read_only: bool


def bound(spec: TaskSpec, world: World) -> list[Bound]:
    """The mounted folders of a task. A folder that is not there fails, as on a read-only mount, where none is made."""
    pool = world.batch.pools.get(dict(spec.environment)["BATCHDROP_JOB_ID"])
    mounts = {each.path: each for each in (pool.spec.mounts if pool else ())}
    found = [_bound(option, mounts) for option in spec.run_options if option.startswith(BELOW)]
    for each in found:
        if next(world.work.list(each.container, each.prefix), None) is None:
            raise NotThere(f"{each} is not there")
    return found


def _bound(option: str, mounts: dict[str, MountSpec]) -> Bound:
    source, path, *flags = option.removeprefix(BELOW).split(":")
    mount, _, folder = source.partition("/")
    prefix = f"{folder}/" if folder else ""
    return Bound(mounts[mount].container, prefix, path, mounts[mount].read_only or flags == ["ro"])


def shown(binds: list[Bound], world: World) -> Iterator[tuple[str, bytes]]:
    """(path in the container, content) of all that the mounts show."""
    for each in binds:
        for item in world.work.list(each.container, each.prefix):
            blob = world.work.read(each.container, item.name)
            assert blob is not None
            yield f"{each.path}/{item.name.removeprefix(each.prefix)}", blob.content


def written(binds: list[Bound], before: dict[str, bytes], files: dict[str, bytes], world: World) -> None:
    """What a program wrote is in storage, however it ended."""
    for path, content in files.items():
        each = next((each for each in binds if path.startswith(f"{each.path}/")), None)
        if each is None or before.get(path) == content:
            continue
        assert not each.read_only, f"{path} was written, and is read-only"
        world.work.put(each.container, each.prefix + path.removeprefix(f"{each.path}/"), content)
