"""Making pools through Azure Resource Manager, which alone gives a pool an identity."""

from __future__ import annotations

from shared.azure.arm import Arm
from shared.azure.arm_bodies import arm_pool
from shared.ports import SecretPort
from shared.specs import PoolSpec


class ArmPools:
    """`identity`: the ARM id of the identity that every pool bears. `secrets`: the Key Vault, asked only where a
    registry has a user."""

    def __init__(self, arm: Arm, identity: str, secrets: SecretPort) -> None:
        self._arm, self._identity, self._secrets = arm, identity, secrets

    def create(self, spec: PoolSpec) -> bool:
        return self._arm.create_pool(spec.id, arm_pool(spec, self._identity, self._secrets))

    def close(self) -> None:
        self._arm.close()
