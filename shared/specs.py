"""What we ask of Batch, as plain values: a pool, a job, a task. Built by pure code, turned into SDK models at the edge.

Paths of files are relative to the task's working directory. `Source` names a blob; the edge says by which right a node
reads it: by signature, or by the identity that it bears.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True)
class Source:
    """A blob that a node reads. Where it is signed: by stored access policy in one of the job's own containers
    (`job_container`), alone, read-only and until `until` in a user's."""

    container: str
    blob: str
    job_container: bool
    until: datetime | None = None


@dataclass(frozen=True)
class ResourceFile:
    """A blob and where it lands."""

    source: Source
    path: str


@dataclass(frozen=True)
class ResourceFolder:
    """All blobs below a prefix of a job container, landing below `path` under their whole names."""

    container: str
    prefix: str
    path: str


@dataclass(frozen=True)
class OutputFile:
    """Files that a task leaves and the virtual folder (or, without a wildcard, the blob) they go to."""

    pattern: str
    container: str
    path: str
    condition: Literal["success", "failure", "completion"]


@dataclass(frozen=True)
class TaskSpec:
    """One task: `arguments` is the command line already split; None leaves the image's own CMD."""

    id: str
    image: str
    run_options: tuple[str, ...]
    arguments: tuple[str, ...] | None
    image_working_directory: bool
    environment: tuple[tuple[str, str], ...]
    resource_files: tuple[ResourceFile, ...]
    output_files: tuple[OutputFile, ...]
    max_wall_clock: timedelta
    max_retries: int
    mounts: tuple[tuple[str, bool], ...]
    """containerHostBatchBindMounts: (source, read-only)."""
    folders: tuple[ResourceFolder, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """The job preparation task: runs once per node, on the host, before the first task of the job."""

    command_line: str
    resource_files: tuple[ResourceFile, ...]


@dataclass(frozen=True)
class JobSpec:
    """A Batch job. `environment` goes to every task (secrets included, once). `release`: the command line that runs, on
    the host, on each node that was prepared, once the job has ended. `most_tasks`: how many run at once; None = no
    limit."""

    id: str
    pool_id: str
    priority: int
    max_wall_clock: timedelta
    environment: tuple[tuple[str, str], ...]
    preparation: Preparation | None
    metadata: tuple[tuple[str, str], ...]
    release: str | None = None
    most_tasks: int | None = None


@dataclass(frozen=True)
class RegistrySpec:
    """A container registry: with a user and the Key Vault name of the password, or without either by the identity that
    the nodes bear."""

    server: str
    user: str | None = None
    password_secret: str | None = None


@dataclass(frozen=True)
class Site:
    """What the operator gives to every pool: registries, the ARM id of the subnet that nodes join, and the command line
    that each node runs at its start, on the host, as an administrator."""

    registries: tuple[RegistrySpec, ...] = ()
    subnet: str | None = None
    start_task: str | None = None


@dataclass(frozen=True)
class MountSpec:
    """A container that each node shows as the folder `path` below its folder of mounts. `until` None: one of the job's
    own containers (signed by stored access policy); else a user's (signed alone, reading and listing, until then)."""

    container: str
    path: str
    read_only: bool
    until: datetime | None = None


@dataclass(frozen=True)
class PoolSpec:
    """A pool with autoscale from birth. `node_agent` belongs to the image."""

    id: str
    vm_size: str
    publisher: str
    offer: str
    sku: str
    node_agent: str
    slots: int
    formula: str
    evaluation_interval: timedelta
    container_images: tuple[str, ...]
    metadata: tuple[tuple[str, str], ...]
    site: Site = field(default_factory=Site)
    mounts: tuple[MountSpec, ...] = ()
