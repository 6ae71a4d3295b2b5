"""Identity mode on the wire: the same pool as in keys mode, nothing signed, and ARM's refusals understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.batch_emulator.world import Fault
from local.certificates import Certificate
from shared.azure.arm_bodies import arm_pool
from shared.azure.arm_quotas import quotas_of
from shared.azure.deadline import Deadline, bounded
from shared.azure.node_access import IdentityAccess
from shared.errors import BatchdropError, Defect, OutOfTime, QuotaFull, Refused, Transient
from shared.ports import Quotas
from shared.settings import IdentityMode
from shared.specs import PoolSpec, RegistrySpec, ResourceFile, ResourceFolder, Site, Source
from tests.batch_emulator.bicep_types import Types
from tests.contract.batch_ground import (
    ACCOUNT,
    DEVELOPMENT_KEY,
    FORMULA,
    MOUNTS,
    NODE_IDENTITY,
    UNTIL,
    WireGround,
    a_job,
    a_pool,
    a_preparation,
    a_task,
    wire_ground,
)
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import VirtualClock
from tests.fakes.secrets import MemorySecrets

pytestmark = pytest.mark.stack
SUBNET = (
    f"/subscriptions/{ACCOUNT.subscription}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
)
BY_IDENTITY = Site(registries=(RegistrySpec("reg.example"),), subnet=SUBNET, start_task="prepare --all")
BY_PASSWORD = replace(BY_IDENTITY, registries=(RegistrySpec("reg.example", "puller", "registry-password"),))


@pytest.fixture
def ground(tmp_path: Path, trusted: Certificate) -> Iterator[WireGround]:
    """An account in identity mode, whose Key Vault holds nothing."""
    with wire_ground(tmp_path, trusted) as wire:
        wire.secrets.values.clear()
        yield wire


def spec_of(ground: WireGround, pool_id: str) -> dict[str, Any]:
    """What the service keeps of a pool, in the data plane's words."""
    return dict(ground.server.emulator.world.account.pools[pool_id].spec)


def mounted(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [each["azureBlobFileSystemConfiguration"] for each in spec["mountConfiguration"]]


def test_both_ways_make_the_same_pool(ground: WireGround) -> None:
    """Made by ARM or by the data plane, a pool is the same, its identity and the right to its mounts aside."""
    ground.secrets.values.update({"registry-password": "hunter2", "batch-key": DEVELOPMENT_KEY})
    by_keys = ground.connect(DEVELOPMENT_KEY)
    by_keys.create_pool(a_pool("bd-keys", site=BY_PASSWORD, mounts=MOUNTS))
    ground.batch.create_pool(a_pool("bd-arm", site=BY_PASSWORD, mounts=MOUNTS))
    keys, arm = spec_of(ground, "bd-keys"), spec_of(ground, "bd-arm")
    assert arm.pop("identity") == {"type": "UserAssigned", "userAssignedIdentities": {NODE_IDENTITY: {}}}
    for one, other in zip(mounted(keys), mounted(arm), strict=True):
        assert "?" not in one.pop("sasKey")
        assert other.pop("identityReference") == {"resourceId": NODE_IDENTITY}
    assert {**keys, "id": "x"} == {**arm, "id": "x"}
    by_keys.close()


def test_pool_bears_the_identity_and_pulls_by_it(ground: WireGround) -> None:
    """Identity, registry, subnet, start task and formula are in the one request that makes the pool."""
    ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    ground.pass_time(timedelta(seconds=10))
    spec = spec_of(ground, "bd-a")
    (registry,) = spec["virtualMachineConfiguration"]["containerConfiguration"]["containerRegistries"]
    assert registry == {"registryServer": "reg.example", "identityReference": {"resourceId": NODE_IDENTITY}}
    assert (spec["networkConfiguration"]["subnetId"], spec["autoScaleFormula"]) == (SUBNET, FORMULA)
    (started,) = [each for each in ground.launches if each.kind == "start"]
    assert (started.task["commandLine"], started.task["waitForSuccess"]) == ("prepare --all", True)
    assert started.task["userIdentity"]["autoUser"] == {"scope": "pool", "elevationLevel": "admin"}


def test_nothing_that_is_written_is_signed(ground: WireGround) -> None:
    """Inputs, folders, reference data, outputs and mounts are named plainly, each with the nodes' identity."""
    ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    ground.batch.create_pool(a_pool("bd-b", site=Site(), mounts=MOUNTS))
    ground.pass_time(timedelta(seconds=10))
    ground.batch.create_job(a_job("bd-a", "bd-a", preparation=a_preparation()))
    of_a_user = ResourceFile(Source("data", "in/a b.csv", False, UNTIL), "b.csv")
    more = (*a_task(0).resource_files, of_a_user)
    ground.batch.add_tasks(
        "bd-a", [a_task(0, resource_files=more, folders=(ResourceFolder("bd-a-output", "p/", "in"),))]
    )
    ground.run()
    written = json.dumps(
        [spec_of(ground, "bd-a"), spec_of(ground, "bd-b"), *(launch.task for launch in ground.launches)]
    )
    assert "?" not in written
    assert "sasKey" not in written
    assert written.count('"identityReference"') == 1 + 1 + 3 + 1 + 2
    assert {launch.identities for launch in ground.launches} == {(NODE_IDENTITY,)}


def test_pool_that_is_there_is_left_as_it_is(ground: WireGround) -> None:
    """A second create, with another formula, finds the first one: 412, and nothing of it changes."""
    ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY, formula="$TargetDedicatedNodes = 7;"))
    assert spec_of(ground, "bd-a")["autoScaleFormula"] == FORMULA


def test_pool_that_batch_does_not_see_yet(ground: WireGround) -> None:
    """ARM has made it, Batch still says that it is not there: it is looked for again, and not taken for lost."""
    ground.fail("get_pool", 404, "PoolNotFound")
    with pytest.raises(Transient, match="not to be seen yet"):
        ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))


def test_answer_that_got_lost(ground: WireGround) -> None:
    """The pool was made and the answer lost: the SDK asks again, and finds it."""
    ground.server.emulator.world.faults.calls.append(Fault("arm_create_pool", 1, 503, "ServerBusy", after=True))
    ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    assert ground.batch.pool("bd-a") is not None


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


def test_registry_without_a_user_needs_identity_mode(ground: WireGround) -> None:
    """In keys mode it is our own mistake: the data plane gives no pool an identity to pull by."""
    ground.secrets.values["batch-key"] = DEVELOPMENT_KEY
    by_keys = ground.connect(DEVELOPMENT_KEY)
    with pytest.raises(Defect, match=r"reg\.example"):
        by_keys.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    by_keys.close()


@pytest.mark.parametrize("site", [Site(), BY_IDENTITY, BY_PASSWORD])
def test_body_agrees_with_the_published_types(site: Site) -> None:
    """What is sent to ARM is what Azure publishes as the type of a pool."""
    spec: PoolSpec = a_pool("bd-a", site=site, mounts=MOUNTS)
    access = IdentityAccess(MemoryBlobs(VirtualClock(), "work"), NODE_IDENTITY)
    body = arm_pool(spec, access, NODE_IDENTITY, MemorySecrets({"registry-password": "hunter2"})).as_dict()
    whole = {"name": "bd-a", "type": "Microsoft.Batch/batchAccounts/pools", "apiVersion": "2025-06-01", **body}
    assert Types("microsoft.batch/2025-06-01").faults("Microsoft.Batch/batchAccounts/pools", whole) == []
