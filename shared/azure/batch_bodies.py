"""From our specs to the SDK's models: what is asked of Batch, written the way the service reads it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, cast

from shared.errors import Defect
from shared.ports import SecretPort
from shared.specs import JobSpec, OutputFile, PoolSpec, Preparation, ResourceFile, ResourceFolder, Source, TaskSpec

if TYPE_CHECKING:
    from azure.batch import models

_EXPANDED = re.compile(r"\$\{?AZ_BATCH_[A-Z_]+\}?")
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")


class Signer(Protocol):
    """What makes addresses that a node can read from and write to."""

    def signed_by_policy(self, container: str, name: str = "") -> str: ...

    def signed_read(self, container: str, name: str, until: datetime) -> str: ...


def pool_body(spec: PoolSpec, secrets: SecretPort) -> models.BatchPoolCreateOptions:
    """Autoscale from birth; container images fetched before the first task."""
    from azure.batch import models

    image = models.BatchVmImageReference(publisher=spec.publisher, offer=spec.offer, sku=spec.sku, version="latest")
    machine = models.VirtualMachineConfiguration(
        image_reference=image,
        node_agent_sku_id=spec.node_agent,
        container_configuration=_containers(spec, secrets),
    )
    return models.BatchPoolCreateOptions(
        id=spec.id,
        vm_size=spec.vm_size,
        virtual_machine_configuration=machine,
        enable_auto_scale=True,
        auto_scale_formula=spec.formula,
        auto_scale_evaluation_interval=duration(spec.evaluation_interval),
        task_slots_per_node=spec.slots,
        task_scheduling_policy=models.BatchTaskSchedulingPolicy(node_fill_type=models.BatchNodeFillType.SPREAD),
        metadata=_metadata(spec.metadata),
    )


def job_body(spec: JobSpec, signer: Signer) -> models.BatchJobCreateOptions:
    """It never ends by itself: the controller ends it."""
    from azure.batch import models

    return models.BatchJobCreateOptions(
        id=spec.id,
        pool_info=models.BatchPoolInfo(pool_id=spec.pool_id),
        priority=spec.priority,
        constraints=models.BatchJobConstraints(max_wall_clock_time=duration(spec.max_wall_clock)),
        all_tasks_complete_mode=models.BatchAllTasksCompleteMode.NO_ACTION,
        task_failure_mode=models.BatchTaskFailureMode.NO_ACTION,
        common_environment_settings=_environment(spec.environment),
        job_preparation_task=_preparation(spec.preparation, signer) if spec.preparation else None,
        metadata=_metadata(spec.metadata),
    )


def task_body(spec: TaskSpec, signer: Signer) -> models.BatchTaskCreateOptions:
    """The command line is words for the program in the container; no shell reads it."""
    from azure.batch import models

    return models.BatchTaskCreateOptions(
        id=spec.id,
        command_line=shlex.join(spec.arguments or ()),
        container_settings=_container(spec),
        environment_settings=_environment(spec.environment),
        resource_files=[*_resource_files(spec.resource_files, signer), *_folders(spec.folders, signer)],
        output_files=[_output_file(each, signer) for each in spec.output_files],
        constraints=models.BatchTaskConstraints(
            max_wall_clock_time=duration(spec.max_wall_clock), max_task_retry_count=spec.max_retries
        ),
        user_identity=_administrator(),
    )


def duration(span: timedelta) -> timedelta:
    """The SDK writes a zero as `P`, which no service takes; words pass through it untouched."""
    return span if span else cast(timedelta, "PT0S")


def run_options(options: Iterable[str]) -> str:
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


def _containers(spec: PoolSpec, secrets: SecretPort) -> models.BatchContainerConfiguration:
    from azure.batch import models

    registries = [
        models.ContainerRegistryReference(
            registry_server=each.server, username=each.user, password=secrets.get(each.password_secret)
        )
        for each in spec.registries
    ]
    return models.BatchContainerConfiguration(
        type=models.ContainerType.DOCKER_COMPATIBLE,
        container_image_names=list(spec.container_images),
        container_registries=registries,
    )


def _container(spec: TaskSpec) -> models.BatchTaskContainerSettings:
    from azure.batch import models

    where = models.ContainerWorkingDirectory
    start = where.CONTAINER_IMAGE_DEFAULT if spec.image_working_directory else where.TASK_WORKING_DIRECTORY
    return models.BatchTaskContainerSettings(
        image_name=spec.image,
        container_run_options=run_options(spec.run_options),
        working_directory=start,
        container_host_batch_bind_mounts=[
            models.ContainerHostBatchBindMountEntry(source=source, is_read_only=read_only)
            for source, read_only in spec.mounts
        ],
    )


def _preparation(spec: Preparation, signer: Signer) -> models.BatchJobPreparationTask:
    """On the host, not in a container: it fills folders that the containers mount."""
    from azure.batch import models

    return models.BatchJobPreparationTask(
        command_line=spec.command_line,
        resource_files=_resource_files(spec.resource_files, signer),
        wait_for_success=True,
        rerun_on_node_reboot_after_success=False,
        user_identity=_administrator(),
    )


def _administrator() -> models.UserIdentity:
    """Images expect to be root, and what a container wrote as root must be readable for the upload."""
    from azure.batch import models

    user = models.AutoUserSpecification(scope=models.AutoUserScope.POOL, elevation_level=models.ElevationLevel.ADMIN)
    return models.UserIdentity(auto_user=user)


def _resource_files(files: Iterable[ResourceFile], signer: Signer) -> list[models.ResourceFile]:
    from azure.batch import models

    return [models.ResourceFile(http_url=_address(each.source, signer), file_path=each.path) for each in files]


def _folders(folders: Iterable[ResourceFolder], signer: Signer) -> list[models.ResourceFile]:
    from azure.batch import models

    return [
        models.ResourceFile(
            storage_container_url=signer.signed_by_policy(each.container), blob_prefix=each.prefix, file_path=each.path
        )
        for each in folders
    ]


def _address(source: Source, signer: Signer) -> str:
    if source.job_container:
        return signer.signed_by_policy(source.container, source.blob)
    if source.until is None:
        raise Defect(f"{source.container}/{source.blob}: a blob outside the job's containers is signed until a date")
    return signer.signed_read(source.container, source.blob, source.until)


def _output_file(spec: OutputFile, signer: Signer) -> models.OutputFile:
    from azure.batch import models

    into = models.OutputFileBlobContainerDestination(
        container_url=signer.signed_by_policy(spec.container), path=spec.path
    )
    return models.OutputFile(
        file_pattern=spec.pattern,
        destination=models.OutputFileDestination(container=into),
        upload_options=models.OutputFileUploadConfiguration(upload_condition=f"task{spec.condition}"),
    )


def _environment(variables: Iterable[tuple[str, str]]) -> list[models.EnvironmentSetting]:
    from azure.batch import models

    return [models.EnvironmentSetting(name=name, value=value) for name, value in variables]


def _metadata(items: Iterable[tuple[str, str]]) -> list[models.BatchMetadataItem]:
    from azure.batch import models

    return [models.BatchMetadataItem(name=name, value=value) for name, value in items]
