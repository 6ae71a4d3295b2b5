"""Azure Resource Manager on the wire: its refusals, in its own words, and the account as it shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from local.certificates import Certificate
from shared.azure.arm_quotas import quotas_of
from shared.azure.deadline import Deadline, bounded
from shared.errors import BatchdropError, OutOfTime, QuotaFull, Refused, Transient
from shared.ports import Quotas
from shared.settings import IdentityMode
from shared.specs import RegistrySpec, Site
from tests.contract.batch_ground import (
    ACCOUNT,
    DEVELOPMENT_KEY,
    NODE_IDENTITY,
    WireGround,
    a_pool,
    wire_ground,
)

pytestmark = pytest.mark.stack
BY_IDENTITY = Site(registries=(RegistrySpec("reg.example"),))


@pytest.fixture
def ground(tmp_path: Path, trusted: Certificate) -> Iterator[WireGround]:
    """An account in identity mode, whose Key Vault holds nothing."""
    with wire_ground(tmp_path, trusted) as wire:
        wire.secrets.values.clear()
        yield wire


def test_full_account_is_full_here_too(ground: WireGround) -> None:
    """No room for a pool sends the job back to the line, by the service's own code."""
    ground.quota.pools = 0
    with pytest.raises(QuotaFull) as full:
        ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    assert full.value.code == "PoolQuotaReached"


def test_wrong_formula_is_refused_by_its_code(ground: WireGround) -> None:
    """A formula that the service cannot read is no reason to try again."""
    with pytest.raises(Refused) as refused:
        ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY, formula="$TargetDedicatedNodes = ;"))
    assert (refused.value.code, refused.value.status) == ("AutoScalingFormulaSyntaxError", 400)


def test_throttled_by_arm(ground: WireGround) -> None:
    """ARM's wish for a long pause becomes the delay of the next look; a pass that is nearly over does not wait."""
    ground.fail("arm_create_pool", 429, "TooManyRequests", times=9, retry_after=77)
    with pytest.raises(Transient) as busy:
        ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    assert busy.value.delay == timedelta(seconds=77)
    with bounded(Deadline.after(timedelta(seconds=4))), pytest.raises(OutOfTime):
        ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "PoolBeingDeleted", Transient),
        (409, "AnotherOperationInProgress", Transient),
        (409, "Conflict", Transient),
        (409, "PoolQuotaReached", QuotaFull),
        (409, "QuotaExceeded", QuotaFull),
        (403, "QuotaExceeded", QuotaFull),
        (409, "ScopeLocked", Refused),
        (409, "ReadOnlyDisabledSubscription", Refused),
        (403, "RequestDisallowedByPolicy", Refused),
        (400, "InvalidRequestBody", Refused),
    ],
)
def test_refusals_in_arms_words(ground: WireGround, status: int, code: str, kind: type[BatchdropError]) -> None:
    """What is in the way for now is waited for; what is forbidden is refused, by ARM's own code."""
    ground.fail("arm_create_pool", status, code)
    with pytest.raises(kind, match=code) as refused:
        ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    assert type(refused.value) is kind


@pytest.mark.parametrize("code", ["AuthorizationFailed", "LinkedAuthorizationFailed"])
def test_missing_roles_are_told_with_their_fix(ground: WireGround, code: str) -> None:
    """A controller that may not make pools, or not give the identity away, is told what to check."""
    ground.fail("arm_create_pool", 403, code)
    with pytest.raises(Refused, match="BATCHDROP_NODE_IDENTITY") as refused:
        ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    assert refused.value.code == code


def test_the_quotas_of_the_account_are_known(ground: WireGround) -> None:
    """As ARM shows them, asked for once in a few minutes; in keys mode nobody tells."""
    ground.quota.pools, ground.quota.low_priority = 3, 48
    assert ground.batch.quotas() == Quotas(pools=3, jobs=300, dedicated_cores=900, spot_cores=48)
    ground.quota.pools = 4
    known = ground.batch.quotas()
    assert known is not None
    assert known.pools == 3
    ground.secrets.values["batch-key"] = DEVELOPMENT_KEY
    by_keys = ground.connect(DEVELOPMENT_KEY)
    assert by_keys.quotas() is None
    by_keys.close()


def test_quotas_that_cannot_be_read_are_not_known(ground: WireGround) -> None:
    """A missing right is no fault of any job: they wait as in keys mode."""
    ground.fail("arm_get_account", 403, "AuthorizationFailed")
    assert ground.batch.quotas() is None


def test_quotas_of_families_count_where_they_are_enforced() -> None:
    """Elsewhere Azure shows numbers that bound nothing."""
    from azure.mgmt.batch import models

    family = {"name": "standardDSv5Family", "coreQuota": 8}
    for enforced in (True, False):
        raw = {"dedicatedCoreQuotaPerVMFamily": [family], "dedicatedCoreQuotaPerVMFamilyEnforced": enforced}
        read = quotas_of(models.BatchAccount({"location": "x", "properties": raw}))
        assert read.family_cores == ({"standardDSv5Family": 8} if enforced else {})


def test_account_that_is_not_there(ground: WireGround) -> None:
    """A wrong account id is refused by name; it does not look like a pool that vanished."""
    mode = IdentityMode(replace(ACCOUNT, name="elsewhere"), NODE_IDENTITY, str(ground.server.secure_url))
    astray = ground.connect_by_identity(mode)
    with pytest.raises(Refused, match="BATCHDROP_BATCH_ACCOUNT_ID") as refused:
        astray.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    assert (refused.value.code, refused.value.status) == ("ResourceNotFound", 404)
    astray.close()
