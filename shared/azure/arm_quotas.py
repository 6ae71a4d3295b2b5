"""The quotas of a Batch account, as ARM shows them. They change by request to Azure: read every few minutes at most."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.azure.arm import Arm
from shared.errors import BatchdropError
from shared.logs import note
from shared.ports import Quotas

if TYPE_CHECKING:
    from azure.mgmt.batch import models

log = logging.getLogger("batchdrop.quotas")
FRESH = 300.0


class ArmQuotas:
    """`clock`: seconds that only grow."""

    def __init__(self, arm: Arm, clock: Callable[[], float] = time.monotonic) -> None:
        self._arm, self._clock = arm, clock
        self._known: tuple[float, Quotas | None] | None = None
        self._guard = threading.Lock()

    def read(self) -> Quotas | None:
        """None where ARM does not show the account, which is logged: a job waits as well without knowing for what."""
        with self._guard:
            if self._known is None or self._clock() - self._known[0] >= FRESH:
                self._known = (self._clock(), self._ask())
            return self._known[1]

    def _ask(self) -> Quotas | None:
        group, name = self._arm.account.group, self._arm.account.name
        try:
            return quotas_of(
                self._arm.ask(f"Batch account {name}", lambda client: client.batch_account.get(group, name))
            )
        except BatchdropError as error:
            note(log, "the account's quotas cannot be read", logging.WARNING, why=error)
            return None


def quotas_of(account: models.BatchAccount) -> Quotas:
    """Quotas of families count only where the account enforces them."""
    found = account.properties
    if found is None:
        return Quotas()
    enforced = bool(found.dedicated_core_quota_per_vm_family_enforced)
    families = found.dedicated_core_quota_per_vm_family or () if enforced else ()
    return Quotas(
        pools=found.pool_quota,
        jobs=found.active_job_and_job_schedule_quota,
        dedicated_cores=found.dedicated_core_quota,
        spot_cores=found.low_priority_core_quota,
        family_cores={each.name: each.core_quota for each in families if each.name and each.core_quota is not None},
    )
