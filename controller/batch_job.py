"""Plan -> PoolSpec, JobSpec: what we ask of Batch besides tasks. Pure.

Reference data is fetched once per node by the job preparation task, on the host, into the node's shared folder, under
the job's id: downloaded to its own folder first, unpacked, then moved into place in one step.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.autoscale import formula
from controller.split.mounted import INPUT, OUTPUT, SOURCE, is_mounted, shows_input, shows_source
from controller.split.rows import SourceBlob
from shared.manifest.models import Manifest, Reference
from shared.names import EXPIRES_KEY, JOB_KEY, OWNER_KEY, JobId, Owner, input_container, output_container
from shared.ports import ImageSeen
from shared.record import Record
from shared.specs import JobSpec, MountSpec, PoolSpec, Preparation, ResourceFile, Site, Source

EVALUATION = timedelta(minutes=5)


def metadata(job: JobId, owner: Owner, expires: datetime, labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Who made it and for what: on every pool, job and container."""
    ours = {OWNER_KEY: owner, JOB_KEY: job, EXPIRES_KEY: f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
    return tuple((labels | ours).items())


def make_pool(record: Record, image: ImageSeen, site: Site, tasks: int, now: datetime, until: datetime) -> PoolSpec:
    """The job's own pool. `tasks`: how many are expected; `now`: the time of the create call, held by the formula;
    `until`: when the job is over at the latest. With a canary it has one node until that has passed."""
    manifest = record.plan.manifest
    compute = manifest.compute
    most = 1 if manifest.canary else compute.max_nodes
    return PoolSpec(
        id=record.job,
        vm_size=compute.vm_size,
        publisher=image.publisher,
        offer=image.offer,
        sku=image.sku,
        node_agent=image.node_agent,
        slots=compute.slots,
        formula=formula(created=now, tasks=tasks, most=most, slots=compute.slots, spot=compute.spot),
        evaluation_interval=EVALUATION,
        container_images=(manifest.container.image,),
        site=site,
        metadata=metadata(record.job, record.owner, record.expires or until, manifest.labels),
        mounts=make_mounts(record, until),
    )


def make_mounts(record: Record, until: datetime) -> tuple[MountSpec, ...]:
    """The containers that tasks see as folders; none where their files are transferred."""
    manifest = record.plan.manifest
    if not is_mounted(manifest):
        return ()
    found = [MountSpec(output_container(record.job), OUTPUT, read_only=False)]
    if shows_input(manifest, record.input.per_task if record.input else None):
        found.append(MountSpec(input_container(record.job), INPUT, read_only=True))
    if shows_source(manifest):
        container = (manifest.input.blobs or "").partition("/")[0]
        found.append(MountSpec(container, SOURCE, read_only=True, until=until))
    return tuple(found)


def make_job(
    record: Record,
    secrets: Sequence[tuple[str, str]],
    reference: Sequence[tuple[Reference, Sequence[SourceBlob]]],
    until: datetime,
) -> JobSpec:
    """The Batch job; `secrets` are values, given once to the job instead of to every task."""
    manifest = record.plan.manifest
    return JobSpec(
        id=record.job,
        pool_id=record.pool_id,
        priority=0,
        max_wall_clock=manifest.limits.job_timeout + timedelta(hours=1),
        environment=tuple(secrets),
        preparation=make_preparation(record.job, reference, until) if reference else None,
        metadata=metadata(record.job, record.owner, record.expires or until, manifest.labels),
        release=release_script(record.job) if reference and record.shared_pool else None,
        most_tasks=record.share,
    )


def release_script(job: JobId) -> str:
    """Take a job's reference data off a node that others go on using; a node of its own goes with all it holds."""
    script = f'rm -rf "$AZ_BATCH_NODE_SHARED_DIR/{job}"'
    return f"/bin/sh -c {shlex.quote(script)}"


def make_preparation(
    job: JobId, reference: Sequence[tuple[Reference, Sequence[SourceBlob]]], until: datetime
) -> Preparation:
    """Fetch and unpack the reference data of a job on a node."""
    files = tuple(
        ResourceFile(
            Source(item.source.partition("/")[0], blob.name, job_container=False, until=until),
            f"reference/{item.name}/{landing(item, blob)}",
        )
        for item, blobs in reference
        for blob in blobs
    )
    script = preparation_script(job, [item for item, _ in reference])
    return Preparation(f"/bin/sh -c {shlex.quote(script)}", files)


def landing(item: Reference, blob: SourceBlob) -> str:
    """Where a blob lies below the reference's folder: below the prefix, or by its own name."""
    prefix = item.source.partition("/")[2]
    return blob.name.removeprefix(prefix) if prefix.endswith("/") or not prefix else blob.name.rsplit("/", 1)[-1]


def preparation_script(job: JobId, items: list[Reference]) -> str:
    """Unpack, then move into place; a node that was prepared before is left as it is."""
    place = f'"$AZ_BATCH_NODE_SHARED_DIR/{job}"'
    unpack = "".join(unpack_lines(item) for item in items if item.unpack)
    return (
        f"set -e\nif [ -d {place} ]; then exit 0; fi\n{unpack}"
        f'mkdir -p "$AZ_BATCH_NODE_SHARED_DIR"\nchmod -R a+rX reference\nmv reference {place}\n'
    )


def unpack_lines(item: Reference) -> str:
    """Shell lines that unpack one archive where it lies and remove it."""
    name = shlex.quote(f"./{item.source.rsplit('/', 1)[-1]}")  # else a hyphen makes an option, a colon another host
    tool = "python3 -m zipfile -e" if item.source.lower().endswith(".zip") else "tar -xf"
    target = "." if tool.startswith("python3") else ""
    return f"(cd reference/{item.name} && {tool} {name} {target} && rm -f {name})\n".replace(" &&  rm", " && rm")


def needs(manifest: Manifest) -> bool:
    """Does any task of this job read reference data?"""
    return bool(manifest.reference)
