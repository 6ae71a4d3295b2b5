"""What one task is given where containers are mounted: folders of the mounts, and variables that name files. Pure.

The paths in the container are those of the other way of staging, with one difference: source blobs lie below INPUT_DIR
under their whole names, as the whole container is there.
"""

from __future__ import annotations

from controller.split import listfile, units
from controller.split.inputs import (
    INPUT_DIR,
    LIST_FILE,
    TaskInput,
    data_blob,
    delivers_file,
    output_folders,
)
from controller.split.rows import Row
from shared.manifest.models import Manifest
from shared.names import KEEP, PARTS, task_id

INPUT, OUTPUT, SOURCE = "input", "output", "source"
"""Folders below the node's folder of mounts: the job's two containers, and the one that holds the source blobs."""
LIST_DIR = "/batchdrop/list"


def is_mounted(manifest: Manifest) -> bool:
    return manifest.compute.staging == "mount"


def shows_source(manifest: Manifest) -> bool:
    """Do tasks read blobs where they are?"""
    return manifest.input.kind == "blobs" and manifest.split.by != "container"


def shows_input(manifest: Manifest, per_task: int | None) -> bool:
    """Do tasks read files in the job's input container?"""
    return manifest.split.by == "container" or delivers_file(manifest, per_task)


def mounted_input(manifest: Manifest, row: Row) -> TaskInput:
    """The input of one row; `manifest` is the full one."""
    if manifest.split.by == "container":
        (part,) = row.blobs
        return _below(f"{INPUT}/{PARTS}", part.name.removeprefix(f"{PARTS}/"))
    if manifest.input.kind == "blobs":
        return _of_blobs(manifest, row)
    environment: dict[str, str] = {}
    if manifest.input.kind == "range" or manifest.input.deliver == "environment":
        environment |= units.environment(manifest, row)
    if not row.data:
        return TaskInput((), environment)
    own = _below(f"{INPUT}/{task_id(row.index)}", _own_file(manifest, row))
    return TaskInput((), environment | dict(own.environment), own.binds)


def kept_folders(manifest: Manifest, row: Row) -> tuple[str, ...]:
    """Blobs of the output container that make the task's folders exist before its program starts."""
    task = task_id(row.index)
    return (f"{task}/{KEEP}", *(f"{task}/{folder}/{KEEP}" for folder in output_folders(manifest, row)))


def _of_blobs(manifest: Manifest, row: Row) -> TaskInput:
    if not row.data:
        return _below(SOURCE, listfile.whole_name(row.blobs[0]))
    environment = {"INPUT_PATH": f"{LIST_DIR}/{LIST_FILE}", "INPUT_DIR": INPUT_DIR}
    return TaskInput((), environment, ((SOURCE, INPUT_DIR), (f"{INPUT}/{task_id(row.index)}", LIST_DIR)))


def _own_file(manifest: Manifest, row: Row) -> str:
    return data_blob(manifest, row.index).partition("/")[2]


def _below(folder: str, name: str) -> TaskInput:
    return TaskInput((), {"INPUT_PATH": f"{INPUT_DIR}/{name}", "INPUT_DIR": INPUT_DIR}, ((folder, INPUT_DIR),))
