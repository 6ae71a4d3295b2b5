"""Identity mode on the wire: the same pool as in keys mode, and nothing signed."""

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
from shared.azure.node_access import IdentityAccess
from shared.errors import Defect, Transient
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


def test_pool_of_the_operators_without_the_identity(ground: WireGround) -> None:
    """A pool that somebody made without this identity is seen as one that opens nothing to its nodes."""
    ground.secrets.values.update({"registry-password": "hunter2", "batch-key": DEVELOPMENT_KEY})
    by_keys = ground.connect(DEVELOPMENT_KEY)
    by_keys.create_pool(a_pool("night", site=Site()))
    ground.batch.create_pool(a_pool("bd-a", site=BY_IDENTITY))
    theirs, ours = ground.batch.pool("night"), ground.batch.pool("bd-a")
    assert theirs is not None
    assert ours is not None
    assert (theirs.opens, ours.opens) == (False, True)
    signed = by_keys.pool("night")
    assert signed is not None
    assert signed.opens
    by_keys.close()


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
