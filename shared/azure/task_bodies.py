"""From our task specs to what the service reads, as plain JSON.

Not by the SDK's models: building them took most of the processor time of a submission, and a million tasks are nothing
unusual. The SDK's encoder takes plain values as they are, and still writes the times.
"""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from shared.azure.durations import duration
from shared.errors import Defect
from shared.specs import OutputFile, ResourceFolder, Source, TaskSpec

Body = dict[str, Any]
_EXPANDED = re.compile(r"\$\{?AZ_BATCH_[A-Z_]+\}?")
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")
_ADMINISTRATOR: Body = {"autoUser": {"scope": "pool", "elevationLevel": "admin"}}
"""Images expect to be root, and what a container wrote as root must be readable for the upload."""


class Signer(Protocol):
    """What makes addresses that a node can read from and write to."""

    def signed_by_policy(self, container: str, name: str = "") -> str: ...

    def signed_read(self, container: str, name: str, until: datetime) -> str: ...


class SignedOnce:
    """A signer that remembers: the tasks of one request share most of their addresses. For one thread."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._known: dict[tuple[str, str, datetime | None], str] = {}

    def signed_by_policy(self, container: str, name: str = "") -> str:
        known = self._known.get((container, name, None))
        return known or self._known.setdefault((container, name, None), self._signer.signed_by_policy(container, name))

    def signed_read(self, container: str, name: str, until: datetime) -> str:
        known = self._known.get((container, name, until))
        return known or self._known.setdefault(
            (container, name, until), self._signer.signed_read(container, name, until)
        )


def task_body(spec: TaskSpec, signer: Signer) -> Body:
    """The command line is words for the program in the container; no shell reads it."""
    files = [{"httpUrl": address(each.source, signer), "filePath": each.path} for each in spec.resource_files]
    return {
        "id": spec.id,
        "commandLine": shlex.join(spec.arguments or ()),
        "containerSettings": _container(spec),
        "environmentSettings": [{"name": name, "value": value} for name, value in spec.environment],
        "resourceFiles": files + [_folder(each, signer) for each in spec.folders],
        "outputFiles": [_output_file(each, signer) for each in spec.output_files],
        "constraints": {"maxWallClockTime": duration(spec.max_wall_clock), "maxTaskRetryCount": spec.max_retries},
        "userIdentity": _ADMINISTRATOR,
    }


def address(source: Source, signer: Signer) -> str:
    """Where a node reads a blob."""
    if source.job_container:
        return signer.signed_by_policy(source.container, source.blob)
    if source.until is None:
        raise Defect(f"{source.container}/{source.blob}: a blob outside the job's containers is signed until a date")
    return signer.signed_read(source.container, source.blob, source.until)


@lru_cache(maxsize=256)
def run_options(options: tuple[str, ...]) -> str:
    """One string of docker options. `$AZ_BATCH_...` stays bare, as the node expands it; all else is quoted.

    Raises Defect for an option that would need both: nothing outside may ever reach the node's expansion.
    """
    return " ".join(_option(option) for option in options)


def _option(option: str) -> str:
    bare, found = _EXPANDED.subn("", option)
    if not found:
        return shlex.quote(option)
    if not _SAFE.fullmatch(bare):
        raise Defect(f"container option {option!r}: beside $AZ_BATCH_... only letters, digits and _@%+=:,./- may stand")
    return option


def _container(spec: TaskSpec) -> Body:
    mounts = [{"source": source, "isReadOnly": read_only} for source, read_only in spec.mounts]
    return {
        "imageName": spec.image,
        "containerRunOptions": run_options(spec.run_options),
        "workingDirectory": "containerImageDefault" if spec.image_working_directory else "taskWorkingDirectory",
        "containerHostBatchBindMounts": mounts,
    }


def _folder(folder: ResourceFolder, signer: Signer) -> Body:
    into = signer.signed_by_policy(folder.container)
    return {"storageContainerUrl": into, "blobPrefix": folder.prefix, "filePath": folder.path}


def _output_file(spec: OutputFile, signer: Signer) -> Body:
    into = {"containerUrl": signer.signed_by_policy(spec.container), "path": spec.path}
    return {
        "filePattern": spec.pattern,
        "destination": {"container": into},
        "uploadOptions": {"uploadCondition": f"task{spec.condition}"},
    }
