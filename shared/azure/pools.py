"""Making pools through the Batch data plane: with the registry's password, and no identity, which only ARM can give."""

from __future__ import annotations

from typing import Protocol

from shared.azure.batch_bodies import pool_body
from shared.azure.batch_door import BatchDoor
from shared.azure.node_access import NodeAccess
from shared.ports import Quotas, SecretPort
from shared.specs import PoolSpec


class Pools(Protocol):
    """Where pools are made. All else about them goes through the data plane."""

    def create(self, spec: PoolSpec) -> bool:
        """True when the data plane has just made it; False when one has to look: it exists already, in whatever state,
        or was made elsewhere. Errors are ours."""
        ...

    def quotas(self) -> Quotas | None:
        """The account's limits; None where they cannot be read from here."""
        ...

    def close(self) -> None: ...


class DataPlanePools:
    """`access`: how nodes come to what they mount; `secrets`: the Key Vault, which holds the registries' passwords."""

    def __init__(self, door: BatchDoor, access: NodeAccess, secrets: SecretPort) -> None:
        self._door, self._access, self._secrets = door, access, secrets

    def create(self, spec: PoolSpec) -> bool:
        body = pool_body(spec, self._access, self._secrets)
        return not self._door.refused(f"pool {spec.id}", lambda client: client.create_pool(body), fine={"PoolExists"})

    def quotas(self) -> Quotas | None:
        """Only ARM tells."""
        return None

    def close(self) -> None:
        return None
