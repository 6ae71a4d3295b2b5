"""Azure Resource Manager for one Batch account: the client, and what its answers mean to us.

ARM words some refusals in its own way, before or instead of Batch's codes. What says "busy" there is Transient here as
on the data plane; "not found" is about the account or what the request refers to, never about a pool that is to be
made: Refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from shared.arm_ids import BatchAccountId
from shared.azure.failures import code_of, delay_of, judged, status_of, translated
from shared.azure.line import NETWORK, Line
from shared.errors import BatchdropError, QuotaFull, Refused, Transient

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.mgmt.batch import BatchManagementClient, models

T = TypeVar("T")
BUSY = frozenset({"AnotherOperationInProgress", "Conflict", "ResourceBeingDeleted", "ResourceNotReady"})
"""ARM's own words, each with 409, for another operation on the same resource that is in the way."""
QUOTA = "Quota"
"""In the code of whatever says that there is no room: Batch's own `PoolQuotaReached`, or a word of ARM's own for it."""
FIX = (
    "Check BATCHDROP_BATCH_ACCOUNT_ID, BATCHDROP_NODE_IDENTITY and BATCHDROP_SUBNET, and the roles of the controller's "
    "identity on them (docs/deploy.md)"
)


class Arm:
    """Thread-safe."""

    def __init__(self, account: BatchAccountId, endpoint: str, by: Line = NETWORK) -> None:
        self.account = account
        self._endpoint, self._by = endpoint, by
        self._transport = by.open()
        self._client: BatchManagementClient | None = None
        self._guard = threading.Lock()

    def close(self) -> None:
        self._transport.close()

    def ask(self, thing: str, call: Callable[[BatchManagementClient], T]) -> T:
        """What `call` answers; errors are ours."""
        from azure.core.exceptions import HttpResponseError

        with translated(thing):
            try:
                return call(self._opened())
            except HttpResponseError as error:
                raise arm_judged(error, thing) from error

    def create_pool(self, pool_id: str, body: models.Pool) -> None:
        """Make a pool; one of that id that is there is left as it is."""
        from azure.core import MatchConditions
        from azure.core.exceptions import HttpResponseError

        def create(client: BatchManagementClient) -> None:
            group, name = self.account.group, self.account.name
            try:
                client.pool.create(group, name, pool_id, body, match_condition=MatchConditions.IfMissing)
            except HttpResponseError as error:
                if status_of(error) != 412 and code_of(error) != "PoolExists":
                    raise

        self.ask(f"pool {pool_id}", create)

    def _opened(self) -> BatchManagementClient:
        with self._guard:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> BatchManagementClient:
        from azure.mgmt.batch import BatchManagementClient

        from shared.azure.transport import core_options

        options = core_options(self._transport)
        return BatchManagementClient(self._by.identity(), self.account.subscription, self._endpoint, **options)


def arm_judged(error: HttpResponseError, thing: str) -> BatchdropError:
    """What an answer of ARM means for us."""
    code, status = code_of(error), status_of(error)
    found = judged(error, thing, FIX if status in (401, 403, 404) else "")
    if status == 404:
        return Refused(code or "ResourceNotFound", status, str(found))
    if QUOTA in code and status in (403, 409):
        return QuotaFull(code, str(found))
    if status == 409 and code in BUSY:
        return Transient(str(found), delay_of(error))
    return found
