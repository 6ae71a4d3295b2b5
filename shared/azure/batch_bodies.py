"""From our specs of pools and jobs to the SDK's models: what is asked of Batch, the way the service reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.azure.durations import duration
from shared.azure.task_bodies import Signer, address
from shared.ports import SecretPort
from shared.specs import JobSpec, PoolSpec, Preparation, ResourceFile

if TYPE_CHECKING:
    from azure.batch import models


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
        metadata=metadata_items(spec.metadata),
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
        metadata=metadata_items(spec.metadata),
    )


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

    return [models.ResourceFile(http_url=address(each.source, signer), file_path=each.path) for each in files]


def _environment(variables: Iterable[tuple[str, str]]) -> list[models.EnvironmentSetting]:
    from azure.batch import models

    return [models.EnvironmentSetting(name=name, value=value) for name, value in variables]


def metadata_items(items: Iterable[tuple[str, str]]) -> list[models.BatchMetadataItem]:
    """As pools and jobs bear them."""
    from azure.batch import models

    return [models.BatchMetadataItem(name=name, value=value) for name, value in items]
