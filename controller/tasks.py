"""Ledger row -> TaskSpec: one container run. Pure.

In the container the task's working directory is `/batchdrop`, whatever the image's WORKDIR; reference data, one copy
per node, is `/batchdrop-reference`. Every path below is therefore a constant, and a variable without a value is unset.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from controller.split.inputs import TaskInput, output_name, task_input
from controller.split.mounted import OUTPUT, is_mounted, mounted_input
from controller.split.parted import part_input
from controller.split.rows import Row
from shared.manifest.expansion import expand
from shared.manifest.models import Manifest
from shared.names import KEEP, LOGS, REPORTED, JobId, input_container, output_container, task_id
from shared.specs import OutputFile, ResourceFile, Source, TaskSpec

TASK_FOLDER = "/batchdrop"
REFERENCE_FOLDER = "/batchdrop-reference"
OUTPUT_DIR = f"{TASK_FOLDER}/output"
FAILED_FILE = "failed.jsonl"
CONFIG_FILE = "config.json"


@dataclass(frozen=True)
class Setting:
    """What all tasks of a job share. `until`: when the job is over at the latest (read-only SAS of sources)."""

    job: JobId
    manifest: Manifest
    unit_kind: str
    count: int
    until: datetime


def make_task(setting: Setting, row: Row) -> TaskSpec:
    """The task of one ledger row."""
    manifest = setting.manifest
    given = input_of(setting, row)
    values = contract_variables(setting, row, given)
    own = {name: expand(text, values) for name, text in manifest.container.environment.items()}
    known = values | own
    command = expand_all(manifest.container.command, known)
    arguments = expand_all(manifest.container.args, known)
    return TaskSpec(
        id=task_id(row.index),
        image=manifest.container.image,
        run_options=run_options(setting, (*own_binds(setting, row), *read_binds(given)), command),
        arguments=command_line(command, arguments),
        image_working_directory=manifest.container.working_directory == "image",
        environment=tuple(sorted((values | own).items())),
        resource_files=resource_files(setting, given),
        output_files=output_files(setting, row),
        max_wall_clock=manifest.limits.task_timeout,
        max_retries=0 if manifest.has_exit_rules else manifest.limits.max_task_retry_count,
        mounts=node_folders(manifest),
    )


def input_of(setting: Setting, row: Row) -> TaskInput:
    manifest = setting.manifest
    if is_mounted(manifest):
        return mounted_input(manifest, row)
    if manifest.split.by == "container":
        return part_input(setting.job, row)
    return task_input(manifest, row, setting.job, setting.until)


def resource_files(setting: Setting, given: TaskInput) -> tuple[ResourceFile, ...]:
    """The folder of outputs, the config, the input; of these only the config where containers are mounted."""
    config = config_files_of(setting.job, setting.manifest, setting.until)
    return config if is_mounted(setting.manifest) else (keep_file(setting.job), *config, *given.files)


def node_folders(manifest: Manifest) -> tuple[tuple[str, bool], ...]:
    """What a container sees of the node, and whether it may only read there."""
    found: list[tuple[str, bool]] = [("Task", False)]
    found += [("Shared", True)] if manifest.reference else []
    found += [("VfsMounts", True)] if is_mounted(manifest) else []
    return tuple(found)


def contract_variables(setting: Setting, row: Row, given: TaskInput) -> dict[str, str]:
    """The variables of the contract that have a value for this task."""
    manifest = setting.manifest
    values = dict(given.environment)
    values |= {
        "OUTPUT_DIR": OUTPUT_DIR,
        "OUTPUT_PATH": f"{OUTPUT_DIR}/{output_name(manifest, row)}",
        "BATCHDROP_JOB_ID": setting.job,
        "BATCHDROP_TASK_ID": task_id(row.index),
        "BATCHDROP_TASK_INDEX": str(row.index),
        "BATCHDROP_TASK_COUNT": str(setting.count),
    }
    if manifest.config is not None:
        values["CONFIG_PATH"] = f"{TASK_FOLDER}/config/{config_name(manifest)}"
    if manifest.reference:
        values["REFERENCE_DIR"] = REFERENCE_FOLDER
    if setting.unit_kind != "bytes":
        values["BATCHDROP_FAILED_PATH"] = f"{TASK_FOLDER}/{FAILED_FILE}"
    return values


def config_name(manifest: Manifest) -> str:
    """`config.json` for an inline mapping, else the blob's own name."""
    return manifest.config.rsplit("/", 1)[-1] if isinstance(manifest.config, str) else CONFIG_FILE


def config_content(manifest: Manifest) -> bytes:
    """The inline config as the file that tasks read."""
    return json.dumps(manifest.config, ensure_ascii=False, indent=2).encode() + b"\n"


def config_files_of(job: JobId, manifest: Manifest, until: datetime) -> tuple[ResourceFile, ...]:
    config = manifest.config
    if config is None:
        return ()
    path = f"config/{config_name(manifest)}"
    if isinstance(config, str):
        container, _, blob = config.partition("/")
        return (ResourceFile(Source(container, blob, job_container=False, until=until), path),)
    return (ResourceFile(Source(input_container(job), CONFIG_FILE, job_container=True), path),)


def keep_file(job: JobId) -> ResourceFile:
    """Makes the output folder exist before the program starts; never counted as an output."""
    return ResourceFile(Source(input_container(job), KEEP, job_container=True), f"output/{KEEP}")


def expand_all(words: tuple[str, ...] | None, values: Mapping[str, str]) -> tuple[str, ...] | None:
    return None if words is None else tuple(expand(word, values) for word in words)


def own_binds(setting: Setting, row: Row) -> Iterator[str]:
    """The working directory, the reference data, and where it is mounted the folder of outputs."""
    yield f"$AZ_BATCH_TASK_WORKING_DIR:{TASK_FOLDER}"
    if setting.manifest.reference:
        yield f"$AZ_BATCH_NODE_SHARED_DIR/{setting.job}:{REFERENCE_FOLDER}:ro"
    if is_mounted(setting.manifest):
        yield f"$AZ_BATCH_NODE_MOUNTS_DIR/{OUTPUT}/{task_id(row.index)}:{OUTPUT_DIR}"


def read_binds(given: TaskInput) -> Iterator[str]:
    return (f"$AZ_BATCH_NODE_MOUNTS_DIR/{folder}:{path}:ro" for folder, path in given.binds)


def run_options(setting: Setting, binds: Iterable[str], command: tuple[str, ...] | None) -> tuple[str, ...]:
    """Options of `docker create`: the binds that make paths constant, the working directory, the entry point."""
    options = [word for bind in binds for word in ("-v", bind)]
    directory = setting.manifest.container.working_directory
    if directory != "image":
        options += ["--workdir", directory or TASK_FOLDER]
    if command:
        options += ["--entrypoint", command[0]]
    return tuple(options)


def command_line(command: tuple[str, ...] | None, arguments: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """What follows the image's name; None leaves the image's CMD. A `command` of our own drops the image's CMD."""
    if command is None:
        return arguments
    return (*command[1:], *(arguments or ()))


def output_files(setting: Setting, row: Row) -> tuple[OutputFile, ...]:
    """Outputs and reported units on success, logs on failure or always: a dying attempt leaves no half output. Outputs
    that are written to a mount are there already."""
    container, task = output_container(setting.job), task_id(row.index)
    logged: Literal["failure", "completion"] = "completion" if setting.manifest.logs == "all" else "failure"
    files = [OutputFile("../std*.txt", container, f"{LOGS}/{task}", logged)]
    if setting.manifest.merge.by != "none" and not is_mounted(setting.manifest):
        files.insert(0, OutputFile("output/**/*", container, task, "success"))
    if setting.unit_kind != "bytes":
        files.append(OutputFile(FAILED_FILE, container, f"{REPORTED}/{task}.jsonl", "success"))
    return tuple(files)


def latest_end(accepted: datetime, manifest: Manifest) -> datetime:
    """When the job is over whatever happens: its time limit and the hour that Batch waits longer."""
    return accepted + manifest.limits.job_timeout + timedelta(hours=2)
