"""The user's own splitter and recombiner: what is asked of Batch for them. Pure.

Each runs once, as one task of a job of its own, on a pool of one dedicated node of its own: it may name another VM
size, spot nodes may not take it away, and the job's own pool need not wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.autoscale import formula
from controller.batch_job import EVALUATION, metadata
from controller.plan import result_name
from controller.tasks import (
    OUTPUT_DIR,
    REFERENCE_FOLDER,
    TASK_FOLDER,
    command_line,
    config_files_of,
    config_name,
    expand_all,
    keep_file,
)
from shared.manifest.expansion import expand
from shared.manifest.models import Manifest, SideContainer
from shared.names import (
    LOGS,
    PARTS,
    RECOMBINED,
    STAGED,
    STAGED_FACTS,
    JobId,
    input_container,
    output_container,
    side_id,
)
from shared.ports import ImageSeen
from shared.record import Record, Which
from shared.specs import OutputFile, PoolSpec, ResourceFile, ResourceFolder, Site, Source, TaskSpec

TASK = "once"
LEDGER_FILE, FAILED_FILE = "ledger.jsonl", "failed.jsonl"


@dataclass(frozen=True)
class Given:
    """What one run is given besides its image: files, folders, and the variables that name them."""

    files: tuple[ResourceFile, ...]
    folders: tuple[ResourceFolder, ...]
    environment: dict[str, str]


def side_of(manifest: Manifest, which: Which) -> SideContainer:
    """The container as stated; an empty one where the manifest says nothing of it."""
    found = manifest.split.container if which == "splitter" else manifest.merge.container
    return found or SideContainer()


def size_of(manifest: Manifest, which: Which) -> str:
    return side_of(manifest, which).vm_size or manifest.compute.vm_size


def runs_splitter(manifest: Manifest) -> bool:
    """Not in a retry: the parts are there."""
    return manifest.split.by == "container" and manifest.input.retry_of is None


def runs_recombiner(manifest: Manifest) -> bool:
    return manifest.merge.by == "container"


def longest_run(manifest: Manifest) -> timedelta:
    """All runs of the one task, each up to taskTimeout, and an hour for the node."""
    return manifest.limits.task_timeout * (retries(manifest) + 1) + timedelta(hours=1)


def retries(manifest: Manifest) -> int:
    """At least once."""
    return max(1, manifest.limits.max_task_retry_count)


def side_pool(record: Record, which: Which, image: ImageSeen, site: Site, now: datetime) -> PoolSpec:
    """One dedicated node while its task waits or runs, then none, also while the controller is away."""
    manifest = record.plan.manifest
    side = side_of(manifest, which)
    ends = now + longest_run(manifest) + manifest.limits.queue_timeout
    return PoolSpec(
        id=side_id(record.job, which),
        vm_size=size_of(manifest, which),
        publisher=image.publisher,
        offer=image.offer,
        sku=image.sku,
        node_agent=image.node_agent,
        slots=1,
        formula=formula(created=now, tasks=1, most=1, slots=1, spot=False),
        evaluation_interval=EVALUATION,
        container_images=(side.image or manifest.container.image,),
        site=site,
        metadata=metadata(record.job, record.owner, record.expires or ends, manifest.labels),
    )


def side_task(job: JobId, manifest: Manifest, which: Which, given: Given) -> TaskSpec:
    """The one task: its own words, the contract's variables, its outputs on success, its logs on failure."""
    side = side_of(manifest, which)
    own = {name: expand(text, given.environment) for name, text in side.environment.items()}
    known = given.environment | own
    command, arguments = expand_all(side.command, known), expand_all(side.args, known)
    options = ["-v", f"$AZ_BATCH_TASK_WORKING_DIR:{TASK_FOLDER}", "--workdir", TASK_FOLDER]
    if reads_reference(manifest, which):
        options += ["-v", f"$AZ_BATCH_NODE_SHARED_DIR/{job}:{REFERENCE_FOLDER}:ro"]
    if command:
        options += ["--entrypoint", command[0]]
    return TaskSpec(
        id=TASK,
        image=side.image or manifest.container.image,
        run_options=tuple(options),
        arguments=command_line(command, arguments),
        image_working_directory=False,
        environment=tuple(sorted(known.items())),
        resource_files=(keep_file(job), *given.files),
        output_files=outputs(job, which),
        max_wall_clock=manifest.limits.task_timeout,
        max_retries=retries(manifest),
        mounts=(("Task", False), ("Shared", True))
        if which == "splitter" and manifest.reference
        else (("Task", False),),
        folders=given.folders,
    )


def reads_reference(manifest: Manifest, which: Which) -> bool:
    return which == "splitter" and bool(manifest.reference)


def outputs(job: JobId, which: Which) -> tuple[OutputFile, ...]:
    target = (input_container(job), PARTS) if which == "splitter" else (output_container(job), RECOMBINED)
    return (
        OutputFile("output/**/*", *target, "success"),
        OutputFile("../std*.txt", output_container(job), f"{LOGS}/{which}", "failure"),
    )


def splitter_given(
    job: JobId, manifest: Manifest, files: tuple[ResourceFile, ...], path: str, until: datetime
) -> Given:
    """INPUT_PATH is the source blob, or the list file of many."""
    environment = {
        "INPUT_DIR": f"{TASK_FOLDER}/input",
        "INPUT_PATH": f"{TASK_FOLDER}/{path}",
        "OUTPUT_DIR": OUTPUT_DIR,
        "BATCHDROP_JOB_ID": job,
    }
    if manifest.config is not None:
        environment["CONFIG_PATH"] = f"{TASK_FOLDER}/config/{config_name(manifest)}"
    if manifest.reference:
        environment["REFERENCE_DIR"] = REFERENCE_FOLDER
    return Given((*config_files_of(job, manifest, until), *files), (), environment)


def recombiner_given(record: Record) -> Given:
    """INPUT_DIR holds the accepted outputs, as they were staged."""
    container = output_container(record.job)
    facts = tuple(
        ResourceFile(Source(container, f"{STAGED_FACTS}/{name}", job_container=True), name)
        for name in (LEDGER_FILE, FAILED_FILE)
    )
    environment = {
        "INPUT_DIR": f"{TASK_FOLDER}/input/{STAGED}",
        "LEDGER_PATH": f"{TASK_FOLDER}/{LEDGER_FILE}",
        "FAILED_PATH": f"{TASK_FOLDER}/{FAILED_FILE}",
        "OUTPUT_DIR": OUTPUT_DIR,
        "OUTPUT_PATH": f"{OUTPUT_DIR}/{result_name(record.plan)}",
        "BATCHDROP_JOB_ID": record.job,
    }
    return Given(facts, (ResourceFolder(container, f"{STAGED}/", "input"),), environment)
