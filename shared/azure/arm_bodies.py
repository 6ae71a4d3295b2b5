"""From our spec of a pool to the management SDK's models: the same pool as in `batch_bodies`, in ARM's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.azure.mounts import mount_bodies
from shared.azure.node_access import NodeAccess
from shared.ports import SecretPort
from shared.specs import PoolSpec, RegistrySpec

if TYPE_CHECKING:
    from azure.mgmt.batch import models


def arm_pool(spec: PoolSpec, access: NodeAccess, identity: str, secrets: SecretPort) -> models.Pool:
    """Autoscale from birth; `identity` (its ARM id) on every node."""
    from azure.mgmt.batch import models

    bears = models.BatchPoolIdentity(
        type=models.PoolIdentityType.USER_ASSIGNED,
        user_assigned_identities={identity: models.UserAssignedIdentities()},
    )
    properties = _properties(spec, identity, secrets)
    properties.mount_configuration = [models.MountConfiguration(each) for each in mount_bodies(spec, access)] or None
    return models.Pool(identity=bears, properties=properties)


def _properties(spec: PoolSpec, identity: str, secrets: SecretPort) -> models.PoolProperties:
    from azure.mgmt.batch import models

    scale = models.AutoScaleSettings(formula=spec.formula, evaluation_interval=spec.evaluation_interval)
    spread = models.TaskSchedulingPolicy(node_fill_type=models.ComputeNodeFillType.SPREAD)
    site = spec.site
    return models.PoolProperties(
        vm_size=spec.vm_size,
        deployment_configuration=models.DeploymentConfiguration(
            virtual_machine_configuration=_machine(spec, identity, secrets)
        ),
        scale_settings=models.ScaleSettings(auto_scale=scale),
        task_slots_per_node=spec.slots,
        task_scheduling_policy=spread,
        metadata=[models.MetadataItem(name=name, value=value) for name, value in spec.metadata],
        network_configuration=models.NetworkConfiguration(subnet_id=site.subnet) if site.subnet else None,
        start_task=_start_task(site.start_task) if site.start_task else None,
    )


def _machine(spec: PoolSpec, identity: str, secrets: SecretPort) -> models.VirtualMachineConfiguration:
    from azure.mgmt.batch import models

    return models.VirtualMachineConfiguration(
        image_reference=models.ImageReference(
            publisher=spec.publisher, offer=spec.offer, sku=spec.sku, version="latest"
        ),
        node_agent_sku_id=spec.node_agent,
        container_configuration=models.ContainerConfiguration(
            type=models.ContainerType.DOCKER_COMPATIBLE,
            container_image_names=list(spec.container_images),
            container_registries=[_registry(each, identity, secrets) for each in spec.site.registries],
        ),
    )


def _registry(spec: RegistrySpec, identity: str, secrets: SecretPort) -> models.ContainerRegistry:
    from azure.mgmt.batch import models

    if spec.user and spec.password_secret:
        password = secrets.get(spec.password_secret)
        return models.ContainerRegistry(registry_server=spec.server, user_name=spec.user, password=password)
    by = models.ComputeNodeIdentityReference(resource_id=identity)
    return models.ContainerRegistry(registry_server=spec.server, identity_reference=by)


def _start_task(command_line: str) -> models.StartTask:
    from azure.mgmt.batch import models

    user = models.AutoUserSpecification(scope=models.AutoUserScope.POOL, elevation_level=models.ElevationLevel.ADMIN)
    return models.StartTask(
        command_line=command_line,
        user_identity=models.UserIdentity(auto_user=user),
        wait_for_success=True,
        max_task_retry_count=1,
    )
