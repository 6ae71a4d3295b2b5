"""How big a task is. Pure.

`auto`, for one blob cut by lines: four tasks for each slot there can be (maxNodes x taskSlotsPerNode), so that the last
ones end close together; but no task below 1 MiB, which would cost more to start than to run, and none above 1 GiB.
Items, blobs and combinations: one unit a task, unless the manifest says otherwise. Numbers of a range too, and as many
more as keep the tasks at MOST_AUTO: a range may be of any length, and a task gets an interval of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Refused
from shared.manifest.models import Manifest
from shared.record import InputFact

MOST_TASKS = 1_000_000
MOST_BLOBS_PER_TASK = 500
"""Each blob of a task is a file that the node fetches, named in the task itself."""
TASKS_PER_SLOT = 4
LEAST_BYTES, MOST_BYTES = 2**20, 2**30
MOST_AUTO = 100_000


@dataclass(frozen=True)
class Sizing:
    """Where a task ends: after `per_task` units, at the first unit that ends `bytes_per_task` bytes after its start
    (the first reached), or at the first unit end at or past each of `cuts` - 1 points that divide `size` evenly.

    `tasks`: how many there will be; exact where units are counted beforehand, a prediction for one blob, None where
    only a full read would tell.
    """

    size: int = 0
    per_task: int | None = None
    bytes_per_task: int | None = None
    cuts: int | None = None
    tasks: int | None = None


def sizing(manifest: Manifest, units: int | None, size: int) -> Sizing:
    """The sizing of one job; `units` where they are known beforehand, `size` in bytes where the input is one blob.

    Refused with SPLIT where it would take more than 1,000,000 tasks, or more than 500 blobs a task.
    """
    if manifest.input.kind == "blob":
        return _of_blob(manifest, size)
    known = units or 0
    per_task = _units_per_task(manifest, known)
    if manifest.input.kind == "blobs" and per_task > MOST_BLOBS_PER_TASK:
        raise Refused(
            "SPLIT", 0, f"{per_task} blobs a task are too many: at most {MOST_BLOBS_PER_TASK}; raise split.tasks"
        )
    tasks = _parts(known, per_task)
    if tasks > MOST_TASKS:
        raise too_many_tasks(f"{known} units, {per_task} a task, would make {tasks} tasks")
    return Sizing(per_task=per_task, tasks=tasks)


def sizing_of(source: InputFact) -> Sizing:
    """The sizing that was frozen with the input."""
    cuts = source.tasks if source.per_task is None and source.bytes_per_task is None else None
    size = source.bytes if source.text is None else source.text
    return Sizing(size, source.per_task, source.bytes_per_task, cuts, source.tasks)


def too_many_tasks(found: str) -> Refused:
    """The error for a split that goes beyond the ids there are."""
    return Refused("SPLIT", 0, f"{found}: at most {MOST_TASKS} are possible. Raise split.unitsPerTask or bytesPerTask.")


def _of_blob(manifest: Manifest, size: int) -> Sizing:
    split = manifest.split
    if split.units_per_task is not None:
        return Sizing(size, split.units_per_task, split.bytes_per_task)
    if split.bytes_per_task is not None:
        return Sizing(size, bytes_per_task=split.bytes_per_task, tasks=_parts(size, split.bytes_per_task))
    cuts = split.tasks or _auto(manifest, size)
    if cuts > MOST_TASKS:
        raise too_many_tasks(f"split.tasks is {cuts}")
    return Sizing(size, cuts=cuts, tasks=cuts)


def _auto(manifest: Manifest, size: int) -> int:
    wanted = TASKS_PER_SLOT * manifest.compute.max_nodes * manifest.compute.slots
    most = max(1, size // LEAST_BYTES)
    return min(MOST_TASKS, max(min(wanted, most), _parts(size, MOST_BYTES)))


def _units_per_task(manifest: Manifest, units: int) -> int:
    if manifest.split.units_per_task is not None:
        return manifest.split.units_per_task
    most = MOST_AUTO if manifest.input.kind == "range" else None
    wanted = manifest.split.tasks or most
    return max(1, _parts(units, wanted)) if wanted else 1


def _parts(total: int, each: int) -> int:
    return -(-total // each)
