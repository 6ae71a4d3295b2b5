"""What one task is given: files, and the variables that name them. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.split import listfile, units
from controller.split.output_names import output_name
from controller.split.rows import Row
from shared.errors import Defect
from shared.manifest.models import Manifest
from shared.manifest.templates import text_extension
from shared.names import KEEP, JobId, input_container, task_id
from shared.specs import ResourceFile, Source

__all__ = ["INPUT_DIR", "TaskInput", "data_blob", "delivers_file", "output_name", "task_input"]

INPUT_DIR = listfile.INPUT_DIR
LIST_FILE = "input.jsonl"


@dataclass(frozen=True)
class TaskInput:
    """`files` land in the task's working directory; `environment` has INPUT_PATH and INPUT_DIR where there is a file,
    and the BATCHDROP_UNIT variables where they have a value. `binds`: folders below the node's folder of mounts, and
    their paths in the container, which may read there."""

    files: tuple[ResourceFile, ...]
    environment: Mapping[str, str]
    binds: tuple[tuple[str, str], ...] = ()


def task_input(manifest: Manifest, row: Row, job: JobId, until: datetime | None = None) -> TaskInput:
    """The input of one row. `manifest` is the full one; `until`: how long source blobs must stay readable."""
    if manifest.input.kind == "blobs":
        return _of_blobs(manifest, row, job, until)
    environment: dict[str, str] = {}
    if manifest.input.kind == "range" or manifest.input.deliver == "environment":
        environment |= units.environment(manifest, row)
    folders = _folders(manifest, row, job)
    if not row.data:
        return TaskInput(folders, environment)
    name = f"input{extension(manifest)}"
    source = Source(input_container(job), data_blob(manifest, row.index), job_container=True)
    return TaskInput((ResourceFile(source, f"input/{name}"), *folders), environment | _paths(name))


def data_blob(manifest: Manifest, index: int) -> str:
    """The task's own blob in the job's input container."""
    return f"{task_id(index)}/input{extension(manifest)}"


def delivers_file(manifest: Manifest, per_task: int | None) -> bool:
    """Does each task read a blob that the split writes? Not with environment delivery, nor one source blob a task."""
    if manifest.input.kind == "blobs":
        return (per_task or 1) > 1
    return manifest.input.kind == "blob" or manifest.input.deliver == "file"


def extension(manifest: Manifest) -> str:
    """The extension of INPUT_PATH, by what the file holds."""
    match manifest.input.kind:
        case "blob":
            return text_extension(manifest.input.blob or "")
        case "range":
            return ".txt"
        case _:
            return ".jsonl"


def _of_blobs(manifest: Manifest, row: Row, job: JobId, until: datetime | None) -> TaskInput:
    if len(row.blobs) != row.units:
        raise Defect(f"{job}: row {row.index} without its blobs: read rows through controller.split.sources.with_blobs")
    container = listfile.container_of(manifest)
    sources = [Source(container, blob.name, job_container=False, until=until) for blob in row.blobs]
    if not row.data:
        name = listfile.own_name(row.blobs[0])
        folders = _folders(manifest, row, job)
        return TaskInput((ResourceFile(sources[0], f"input/{name}"), *folders), _paths(name))
    names = [f"input/{unit}/{listfile.own_name(blob)}" for unit, blob in enumerate(row.blobs)]
    rows = ResourceFile(
        Source(input_container(job), data_blob(manifest, row.index), job_container=True), f"input/{LIST_FILE}"
    )
    files = tuple(ResourceFile(source, name) for source, name in zip(sources, names, strict=True))
    folders = _folders(manifest, row, job)
    return TaskInput((rows, *files, *folders), _paths(LIST_FILE))


def _paths(name: str) -> dict[str, str]:
    return {"INPUT_PATH": f"{INPUT_DIR}/{name}", "INPUT_DIR": INPUT_DIR}


def output_folders(manifest: Manifest, row: Row) -> list[str]:
    """Folders below OUTPUT_DIR that a task's outputs need."""
    listed = listfile.outputs(manifest, row) if manifest.input.kind == "blobs" and row.data else []
    names = [name for name in (output_name(manifest, row), *listed) if "/" in name]
    return sorted({posixpath.dirname(name) for name in names}) if names else []


def _folders(manifest: Manifest, row: Row, job: JobId) -> tuple[ResourceFile, ...]:
    """Folders below OUTPUT_DIR exist before the program starts: an empty file makes each of them."""
    keep = Source(input_container(job), KEEP, job_container=True)
    return tuple(ResourceFile(keep, f"output/{folder}/{KEEP}") for folder in output_folders(manifest, row))
