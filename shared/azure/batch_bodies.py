"""From our specs of pools and jobs to the SDK's models: what is asked of Batch, the way the service reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.azure.durations import duration
from shared.azure.mounts import mount_bodies
from shared.azure.node_access import NodeAccess
from shared.errors import Defect
from shared.ports import SecretPort
from shared.specs import JobSpec, PoolSpec, Preparation, RegistrySpec, ResourceFile

if TYPE_CHECKING:
    from azure.batch import models

PREPARATION_RETRIES = 2
"""A node whose preparation fails is closed to the job for good: one download that broke off must not do that."""


def pool_body(spec: PoolSpec, access: NodeAccess, secrets: SecretPort) -> models.BatchPoolCreateOptions:
    """Autoscale from birth; container images fetched before the first task."""
    from azure.batch import models

    image = models.BatchVmImageReference(publisher=spec.publisher, offer=spec.offer, sku=spec.sku, version="latest")
    machine = models.VirtualMachineConfiguration(
        image_reference=image,
        node_agent_sku_id=spec.node_agent,
        container_configuration=_containers(spec, secrets),
    )
    site = spec.site
    return models.BatchPoolCreateOptions(
        id=spec.id,
        vm_size=spec.vm_size,
        virtual_machine_configuration=machine,
        enable_auto_scale=True,
        auto_scale_formula=spec.formula,
        auto_scale_evaluation_interval=duration(spec.evaluation_interval),
        task_slots_per_node=spec.slots,
        task_scheduling_policy=models.BatchTaskSchedulingPolicy(node_fill_type=models.BatchNodeFillType.SPREAD),
        metadata=metadata_items(spec.metadata),
        network_configuration=models.NetworkConfiguration(subnet_id=site.subnet) if site.subnet else None,
        start_task=_start_task(site.start_task) if site.start_task else None,
        mount_configuration=[models.MountConfiguration(each) for each in mount_bodies(spec, access)] or None,
    )


def job_body(spec: JobSpec, access: NodeAccess) -> models.BatchJobCreateOptions:
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
        job_preparation_task=_preparation(spec.preparation, access) if spec.preparation else None,
        job_release_task=_release(spec.release) if spec.release else None,
        max_parallel_tasks=spec.most_tasks,
        metadata=metadata_items(spec.metadata),
    )


def _containers(spec: PoolSpec, secrets: SecretPort) -> models.BatchContainerConfiguration:
    from azure.batch import models

    return models.BatchContainerConfiguration(
        type=models.ContainerType.DOCKER_COMPATIBLE,
        container_image_names=list(spec.container_images),
        container_registries=[_registry(each, secrets) for each in spec.site.registries],
    )


def _registry(spec: RegistrySpec, secrets: SecretPort) -> models.ContainerRegistryReference:
    from azure.batch import models

    if not spec.user or not spec.password_secret:
        raise Defect(f"registry {spec.server}: it has no user, and a pool of the data plane no identity")
    password = secrets.get(spec.password_secret)
    return models.ContainerRegistryReference(registry_server=spec.server, username=spec.user, password=password)


def _start_task(command_line: str) -> models.BatchStartTask:
    """On the host; a node whose start task fails twice takes no tasks."""
    from azure.batch import models

    return models.BatchStartTask(
        command_line=command_line, user_identity=_administrator(), wait_for_success=True, max_task_retry_count=1
    )


def _preparation(spec: Preparation, access: NodeAccess) -> models.BatchJobPreparationTask:
    """On the host, not in a container: it fills folders that the containers mount."""
    from azure.batch import models

    return models.BatchJobPreparationTask(
        command_line=spec.command_line,
        resource_files=_resource_files(spec.resource_files, access),
        wait_for_success=True,
        rerun_on_node_reboot_after_success=False,
        constraints=models.BatchTaskConstraints(max_task_retry_count=PREPARATION_RETRIES),
        user_identity=_administrator(),
    )


def _release(command_line: str) -> models.BatchJobReleaseTask:
    """On the host, as who filled the folders."""
    from azure.batch import models

    return models.BatchJobReleaseTask(command_line=command_line, user_identity=_administrator())


def _administrator() -> models.UserIdentity:
    """Images expect to be root, and what a container wrote as root must be readable for the upload."""
    from azure.batch import models

    user = models.AutoUserSpecification(scope=models.AutoUserScope.POOL, elevation_level=models.ElevationLevel.ADMIN)
    return models.UserIdentity(auto_user=user)


def _resource_files(files: Iterable[ResourceFile], access: NodeAccess) -> list[models.ResourceFile]:
    from azure.batch import models

    return [models.ResourceFile({**access.blob(each.source), "filePath": each.path}) for each in files]


def _environment(variables: Iterable[tuple[str, str]]) -> list[models.EnvironmentSetting]:
    from azure.batch import models

    return [models.EnvironmentSetting(name=name, value=value) for name, value in variables]


def metadata_items(items: Iterable[tuple[str, str]]) -> list[models.BatchMetadataItem]:
    """As pools and jobs bear them."""
    from azure.batch import models

    return [models.BatchMetadataItem(name=name, value=value) for name, value in items]
