"""The seam between the service, which owns states and time, and the runner, which owns the node and its processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable


@dataclass(frozen=True)
class Launch:
    """One attempt of one task (or of a job preparation, job release or start task) on one node.

    `node_root` is the host folder that stands for AZ_BATCH_NODE_ROOT_DIR of this node. `attempt` counts exit-code
    retries from 0. `task` is the wire body of the task (commandLine, containerSettings, resourceFiles, outputFiles,
    constraints ...). `environment` holds the job's commonEnvironmentSettings, then the task's own; the AZ_BATCH_*
    variables are the runner's to add. `container_configuration` and `identities` (resource ids) are the pool's.
    """

    kind: Literal["task", "jobpreparation", "jobrelease", "start"]
    account: str
    account_url: str
    pool_id: str
    node_id: str
    dedicated: bool
    node_root: Path
    job_id: str | None
    task_id: str | None
    attempt: int
    task: Mapping[str, Any]
    environment: Mapping[str, str]
    container_configuration: Mapping[str, Any] | None
    has_job_preparation: bool
    identities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """A node that boots: what it must have before anything runs on it.

    `images` are the pool's containerImageNames, `mounts` its mountConfiguration in wire form, `identities` the resource
    ids of the user-assigned identities it bears.
    """

    account: str
    pool_id: str
    node_id: str
    node_root: Path
    images: tuple[str, ...]
    mounts: tuple[Mapping[str, Any], ...]
    identities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why a run failed, in the service's words.

    `category` is usererror or servererror; `code` is FailureExitCode, BlobNotFound, ContainerInvalidImage,
    FileUploadMiscError ...
    """

    category: str
    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `exit_code` is None when the command never ran; `failure` is None for success."""

    exit_code: int | None
    failure: Failure | None
    container_id: str | None = None


class Handle(Protocol):
    """One run that was started."""

    def poll(self) -> Outcome | None:
        """Give the outcome, or None while it runs."""
        ...

    def stop(self) -> None:
        """Kill the whole process group and return when it is gone; the outcome of a stopped run is thrown away."""
        ...


class Execution(Protocol):
    """Starts runs. `name` is shown in the ready line: "podman", "unshare", "process" ..."""

    name: str

    def start(self, launch: Launch) -> Handle:
        """Start the run and return at once."""
        ...

    def task_directory(self, launch: Launch) -> Path:
        """Give `<node_root>/workitems/<job>/job-1/<task>`; stdout.txt, stderr.txt and wd/ are in it."""
        ...

    def close(self) -> None:
        """End everything that was started; nothing is left running."""
        ...


@runtime_checkable
class Boots(Protocol):
    """What an Execution may add: it makes nodes ready. One without it has every image and cannot mount anything.

    `mounts` says how containers of blobs are mounted: "rclone", "synchronised" ...
    """

    mounts: str

    def boot(self, machine: Machine) -> Handle:
        """Begin to look for the images and to mount, and return at once.

        The outcome has no failure, or the one that makes the node unusable. stop() takes the mounts away; it is
        called once when the node goes, whatever the outcome.
        """
        ...
