"""From our task specs to what the service reads, as plain JSON.

Not by the SDK's models: building them took most of the processor time of a submission, and a million tasks are nothing
unusual. The SDK's encoder takes plain values as they are.
"""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from functools import lru_cache

from shared.azure.durations import seconds_text
from shared.azure.node_access import Body, NodeAccess
from shared.errors import Defect
from shared.specs import OutputFile, ResourceFolder, TaskSpec

BIND = "-v"
_EXPANDED = re.compile(r"\$\{?AZ_BATCH_[A-Z_]+\}?")
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")
_ADMINISTRATOR: Body = {"autoUser": {"scope": "pool", "elevationLevel": "admin"}}
"""Images expect to be root, and what a container wrote as root must be readable for the upload."""


def task_body(spec: TaskSpec, access: NodeAccess) -> Body:
    """The command line is words for the program in the container; no shell reads it."""
    files = [{**access.blob(each.source), "filePath": each.path} for each in spec.resource_files]
    return {
        "id": spec.id,
        "commandLine": shlex.join(spec.arguments or ()),
        "containerSettings": _container(spec.image, spec.run_options, spec.image_working_directory, spec.mounts),
        "environmentSettings": [{"name": name, "value": value} for name, value in spec.environment],
        "resourceFiles": files + [_folder(each, access) for each in spec.folders],
        "outputFiles": [_output_file(each, access) for each in spec.output_files],
        "constraints": _constraints(spec.max_wall_clock, spec.max_retries),
        "userIdentity": _ADMINISTRATOR,
    }


def run_options(options: tuple[str, ...]) -> str:
    """One string of docker options, given as pairs of a name and its value. In a bind, which holds nothing of a
    manifest, `$AZ_BATCH_...` stays bare, as the node expands it; all else is quoted, whatever it looks like.

    Raises Defect for a bind that would need both: nothing outside may ever reach the node's expansion.
    """
    pairs = zip(options[::2], options[1::2], strict=True)
    return " ".join(f"{name} {_bind(value) if name == BIND else shlex.quote(value)}" for name, value in pairs)


def _bind(value: str) -> str:
    if not _SAFE.fullmatch(_EXPANDED.sub("", value)):
        raise Defect(f"container bind {value!r}: beside $AZ_BATCH_... only letters, digits and _@%+=:,./- may stand")
    return value


@lru_cache(maxsize=256)
def _container(
    image: str, options: tuple[str, ...], image_working_directory: bool, mounts: tuple[tuple[str, bool], ...]
) -> Body:
    """Much the same for all tasks of a job: one value, which nobody changes, stands in all of their bodies."""
    return {
        "imageName": image,
        "containerRunOptions": run_options(options),
        "workingDirectory": "containerImageDefault" if image_working_directory else "taskWorkingDirectory",
        "containerHostBatchBindMounts": [{"source": source, "isReadOnly": only} for source, only in mounts],
    }


@lru_cache(maxsize=256)
def _constraints(longest: timedelta, retries: int) -> Body:
    """The time as a word: the SDK's encoder is slow with what is none."""
    return {"maxWallClockTime": seconds_text(longest), "maxTaskRetryCount": retries}


def _folder(folder: ResourceFolder, access: NodeAccess) -> Body:
    return {**access.folder(folder.container), "blobPrefix": folder.prefix, "filePath": folder.path}


def _output_file(spec: OutputFile, access: NodeAccess) -> Body:
    into = {**access.target(spec.container), "path": spec.path}
    return {
        "filePattern": spec.pattern,
        "destination": {"container": into},
        "uploadOptions": {"uploadCondition": f"task{spec.condition}"},
    }
