"""Making pools through Azure Resource Manager, which alone gives a pool an identity."""

from __future__ import annotations

from shared.azure.arm import Arm
from shared.azure.arm_bodies import arm_pool
from shared.azure.arm_quotas import ArmQuotas
from shared.azure.node_access import NodeAccess
from shared.ports import Quotas, SecretPort
from shared.specs import PoolSpec


class ArmPools:
    """`access`: how nodes come to what they mount; `identity`: the ARM id of the identity that every pool bears;
    `secrets`: the Key Vault, asked only where a registry has a user."""

    def __init__(self, arm: Arm, access: NodeAccess, identity: str, secrets: SecretPort) -> None:
        self._arm, self._access, self._identity, self._secrets = arm, access, identity, secrets
        self._quotas = ArmQuotas(arm)

    def create(self, spec: PoolSpec) -> bool:
        self._arm.create_pool(spec.id, arm_pool(spec, self._access, self._identity, self._secrets))
        return False  # the data plane may see it later than ARM says so

    def quotas(self) -> Quotas | None:
        return self._quotas.read()

    def close(self) -> None:
        self._arm.close()
