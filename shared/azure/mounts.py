"""What a pool mounts, in wire form: the same words for the data plane and for ARM."""

from __future__ import annotations

from shared.azure.node_access import Body, NodeAccess
from shared.specs import MountSpec, PoolSpec

_FRESH = (
    *("-o attr_timeout=0", "-o entry_timeout=0", "-o negative_timeout=0"),
    "--attr-cache-timeout=0",  # blobs are written while nodes boot: nothing may be remembered as absent
    "--virtual-directory=true",  # folders that are only parts of names
)


def mount_bodies(spec: PoolSpec, access: NodeAccess) -> list[Body]:
    """One `mountConfiguration` element a container, each by blobfuse."""
    return [{"azureBlobFileSystemConfiguration": _blobfuse(each, access)} for each in spec.mounts]


def _blobfuse(spec: MountSpec, access: NodeAccess) -> Body:
    return {
        "containerName": spec.container,
        "relativeMountPath": spec.path,
        "blobfuseOptions": " ".join((*_FRESH, "-o ro") if spec.read_only else _FRESH),
        **access.mount(spec),
    }
