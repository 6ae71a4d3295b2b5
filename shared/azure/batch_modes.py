"""The two ways of being on good terms with a Batch account; `controller/wiring.py` picks one by the settings.

keys      pools by the data plane; nodes reach storage by signed addresses, the registry by a password
identity  pools by ARM; nodes bear a user-assigned identity, and hold neither key nor signature
"""

from __future__ import annotations

from shared.azure.arm import Arm
from shared.azure.arm_pools import ArmPools
from shared.azure.batch import AzureBatch
from shared.azure.batch_door import BatchDoor, BatchKey
from shared.azure.line import NETWORK, Line
from shared.azure.node_access import Addresses, IdentityAccess, SignedAccess, Signer
from shared.azure.pools import DataPlanePools
from shared.ports import SecretPort
from shared.settings import IdentityMode


def by_keys(
    endpoint: str, signer: Signer, secrets: SecretPort, key: BatchKey | None = None, by: Line = NETWORK
) -> AzureBatch:
    """`signer` is the work account. `key` None: the controller itself comes by its own identity (https only)."""
    door = BatchDoor(endpoint, key, by)
    access = SignedAccess(signer)
    return AzureBatch(door, access, DataPlanePools(door, access, secrets))


def by_identity(
    endpoint: str,
    addresses: Addresses,
    secrets: SecretPort,
    mode: IdentityMode,
    by: Line = NETWORK,
) -> AzureBatch:
    """`addresses` is the work account. https only."""
    door = BatchDoor(endpoint, None, by)
    arm = Arm(mode.account, mode.arm_endpoint, by)
    access = IdentityAccess(addresses, mode.node_identity)
    return AzureBatch(door, access, ArmPools(arm, access, mode.node_identity, secrets))
