"""Pools through Azure Resource Manager: the management SDK as it is, over https, with tokens nobody signed."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.batch import BatchClient
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt import batch as mgmt

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Fault, Settings
from local.certificates import Certificate, ensure_certificate
from tests.batch_emulator.bicep_types import Types
from tests.batch_emulator.ground import Ground, Programs

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
IDENTITY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes"
)
PATH = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Batch/batchAccounts/{DEVELOPMENT_ACCOUNT}"
FORMULA = "$TargetDedicatedNodes = 1;"
ARM = "https://management.azure.com/"


def token(audience: str, *, lasts: int = 600) -> str:
    """Give an unsigned token."""
    claims = {"aud": audience, "nbf": int(time.time()) - 60, "exp": int(time.time()) + lasts}
    parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in ({}, claims))
    return ".".join([*parts, ""])


class Credential:
    """Gives a token for whatever scope is asked for, as the local managed identity does."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(token(scopes[0].removesuffix("/.default")), int(time.time()) + 600)


class Site:
    """One account behind TLS, with its two clients."""

    def __init__(self, url: str, authority: Path, ground: Ground) -> None:
        self.url, self.authority, self.ground = url, authority, ground
        self.arm = mgmt.BatchManagementClient(
            Credential(),
            SUBSCRIPTION,
            base_url=url,
            connection_verify=str(authority),
            retry_total=0,
            polling_interval=0,
        )
        self.data = BatchClient(url, Credential(), connection_verify=str(authority), retry_total=0)

    def create(self, name: str = "p", **more: Any) -> Any:
        return self.arm.pool.create(
            "rg", DEVELOPMENT_ACCOUNT, name, pool(**more), match_condition=MatchConditions.IfMissing
        )

    def get(self, name: str = "p") -> Any:
        return self.arm.pool.get("rg", DEVELOPMENT_ACCOUNT, name)

    def ask(self, path: str, bearer: str | None, method: str = "GET") -> requests.Response:
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        return requests.request(method, self.url + path, headers=headers, verify=str(self.authority), timeout=10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1."""
    return ensure_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def site(certificate: Certificate, tmp_path: Path) -> Iterator[Site]:
    """A fresh account with a plain door and one with TLS."""
    programs = Programs()
    execution = CallableExecution(programs)
    settings = Settings(tmp_path / "nodes", boot_seconds=2, delete_seconds=1)
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, DrivenClock(), settings=settings)
    files = (certificate.certificate, certificate.key)
    with EmulatorServer(emulator, certificate=files, secure_port=0, progress=False) as server:
        ground = Ground(server.url, emulator, programs, execution)
        found = Site(str(server.secure_url), certificate.bundle, ground)
        yield found
        found.arm.close()
        found.data.close()
        ground.close()


def pool(**more: Any) -> Any:
    """Give a pool as the management SDK writes it."""
    models = mgmt.models
    machine = models.VirtualMachineConfiguration(
        image_reference=models.ImageReference(publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2204"),
        node_agent_sku_id="batch.node.ubuntu 22.04",
        container_configuration=models.ContainerConfiguration(
            type="DockerCompatible",
            container_image_names=["reg.example/app:1"],
            container_registries=[
                models.ContainerRegistry(registry_server="reg.example", identity_reference={"resourceId": IDENTITY})
            ],
        ),
    )
    values: dict[str, Any] = {
        "vm_size": "Standard_D2s_v3",
        "deployment_configuration": models.DeploymentConfiguration(virtual_machine_configuration=machine),
        "scale_settings": models.ScaleSettings(auto_scale=models.AutoScaleSettings(formula=FORMULA)),
        "task_slots_per_node": 2,
        "task_scheduling_policy": models.TaskSchedulingPolicy(node_fill_type="Pack"),
        "inter_node_communication": "Disabled",
        "metadata": [models.MetadataItem(name="owner", value="me")],
        "start_task": models.StartTask(
            command_line="prepare",
            wait_for_success=True,
            user_identity=models.UserIdentity(
                auto_user=models.AutoUserSpecification(scope="Pool", elevation_level="Admin")
            ),
        ),
        "mount_configuration": [
            {
                "azureBlobFileSystemConfiguration": {
                    "accountName": "work",
                    "containerName": "input",
                    "relativeMountPath": "input",
                    "identityReference": {"resourceId": IDENTITY},
                }
            }
        ],
    }
    identity = models.BatchPoolIdentity(type="UserAssigned", user_assigned_identities={IDENTITY: {}})
    identity = more.pop("identity", identity)
    return models.Pool(identity=identity, tags={"a": "b"}, properties=models.PoolProperties(**{**values, **more}))


def scaled(settings: Any) -> Any:
    """Give the body that changes the scale settings alone."""
    return mgmt.models.Pool(properties=mgmt.models.PoolProperties(scale_settings=settings))


def test_a_pool_made_through_arm_is_the_data_planes_too(site: Site) -> None:
    """One pool, two views: identity and formula are in both, each in its own words."""
    made = site.create()
    assert made.name == "p"
    assert made.identity.user_assigned_identities[IDENTITY].client_id
    assert made.properties.scale_settings.auto_scale.formula == FORMULA
    assert made.properties.provisioning_state == "Succeeded"
    shown = site.data.get_pool("p")
    assert shown.identity.user_assigned_identities[0].resource_id == IDENTITY
    assert shown.auto_scale_formula == FORMULA
    assert shown.task_scheduling_policy.node_fill_type == "pack"
    assert shown.start_task.user_identity.auto_user.elevation_level == "admin"
    assert shown.virtual_machine_configuration.node_agent_sku_id == "batch.node.ubuntu 22.04"
    mount = shown.mount_configuration[0].azure_blob_file_system_configuration
    assert mount.identity_reference.resource_id == IDENTITY
    assert [each.name for each in site.arm.pool.list_by_batch_account("rg", DEVELOPMENT_ACCOUNT)] == ["p"]


def test_a_create_that_may_not_replace_is_refused_with_412(site: Site) -> None:
    """If-None-Match: * on a pool that exists is a 412, which the SDK tells as `exists`."""
    site.create()
    with pytest.raises(ResourceExistsError) as refused:
        site.create("P")
    assert refused.value.status_code == 412


def test_a_pool_deleted_through_arm_is_gone_in_both(site: Site) -> None:
    """The delete is accepted, the pool is `Deleting`, then 404; deleting it again is no error."""
    site.create()
    deletion = site.arm.pool.begin_delete("rg", DEVELOPMENT_ACCOUNT, "p", polling=False)
    assert deletion.polling_method().status() == "succeeded"
    assert site.get().properties.provisioning_state == "Deleting"
    assert site.data.get_pool("p").state == "deleting"
    site.ground.advance(5)
    with pytest.raises(ResourceNotFoundError):
        site.get()
    with pytest.raises(ResourceNotFoundError):
        site.data.get_pool("p")
    assert site.ask(f"{PATH}/pools/p?api-version=2025-06-01", token(ARM), "DELETE").status_code == 204


def test_the_location_of_a_deletion_tells_when_it_is_through(site: Site) -> None:
    """202 with a Location; that answers 202 while the pool is there, then 200."""
    site.create()
    begun = site.ask(f"{PATH}/pools/p?api-version=2025-06-01", token(ARM), "DELETE")
    assert begun.status_code == 202
    path = begun.headers["Location"].removeprefix(site.url)
    assert site.ask(path, token(ARM)).status_code == 202
    site.ground.advance(5)
    assert site.ask(path, token(ARM)).status_code == 200


def test_a_patch_sets_what_it_names(site: Site) -> None:
    """PATCH sets formula and metadata and leaves the rest; fixed targets switch autoscale off."""
    models = mgmt.models
    before = site.create()
    formula = "$TargetDedicatedNodes = 0;"
    scale = models.ScaleSettings(auto_scale=models.AutoScaleSettings(formula=formula))
    change = models.Pool(properties=models.PoolProperties(scale_settings=scale, metadata=[]))
    after = site.arm.pool.update("rg", DEVELOPMENT_ACCOUNT, "p", change)
    assert (after.properties.scale_settings.auto_scale.formula, after.properties.metadata) == (formula, [])
    assert after.identity
    assert after.properties.task_slots_per_node == 2
    assert after.etag != before.etag
    site.ground.advance(60)
    fixed = models.ScaleSettings(fixed_scale=models.FixedScaleSettings(target_dedicated_nodes=3))
    site.arm.pool.update("rg", DEVELOPMENT_ACCOUNT, "p", scaled(fixed))
    assert site.data.get_pool("p").enable_auto_scale is False
    assert site.data.get_pool("p").target_dedicated_nodes == 3


def test_an_identity_that_the_pool_lacks_is_refused(site: Site) -> None:
    """A registry or mount that names an identity the pool does not bear is refused by name."""
    with pytest.raises(HttpResponseError) as refused:
        site.create(identity=mgmt.models.BatchPoolIdentity(type="None"))
    assert refused.value.status_code == 400
    assert "is not an identity of the pool" in str(refused.value)
    with pytest.raises(HttpResponseError) as refused:
        site.create(
            identity=mgmt.models.BatchPoolIdentity(type="UserAssigned", user_assigned_identities={"/nonsense": {}})
        )
    assert refused.value.error.code == "LinkedInvalidPropertyId"


def test_tokens_must_be_meant_for_the_service(site: Site) -> None:
    """No token, one for another audience, one that has expired, one over plain http: each is a 401."""
    path = f"{PATH}/pools?api-version=2025-06-01"
    assert site.ask(path, token(ARM)).status_code == 200
    for wrong in (None, token("https://storage.azure.com"), token(ARM, lasts=-1), "nonsense"):
        answer = site.ask(path, wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")
        assert "WWW-Authenticate" in answer.headers
    data = "/pools?api-version=2025-06-01"
    assert site.ask(data, token(ARM)).status_code == 401
    plain = {"Authorization": f"Bearer {token('https://batch.core.windows.net/')}"}
    assert requests.get(site.ground.url + data, headers=plain, timeout=10).status_code == 401


def test_what_arm_refuses(site: Site) -> None:
    """Another account, a version that is none, unknown paths, and what is not built: each by its name."""

    def code(path: str, method: str = "GET") -> tuple[int, str]:
        answer = site.ask(path, token(ARM), method)
        return answer.status_code, answer.json()["error"]["code"]

    assert code(f"{PATH}x/pools?api-version=2025-06-01") == (404, "ResourceNotFound")
    assert code(f"{PATH}/pools") == (400, "MissingApiVersionParameter")
    assert code(f"{PATH}/pools?api-version=soon") == (400, "InvalidApiVersionParameter")
    assert code(f"{PATH}/nothing?api-version=2025-06-01") == (404, "InvalidResourceType")
    assert code(f"{PATH}/pools/p/stopResize?api-version=2025-06-01", "POST") == (501, "NotImplemented")
    assert code(f"{PATH}/pools/p?api-version=2025-06-01", "POST") == (405, "UnsupportedHttpVerb")


def test_faults_and_quotas_reach_arm(site: Site) -> None:
    """An arranged refusal with Retry-After, and the quota of pools, are answered in ARM's form."""
    world = site.ground.emulator.world
    world.faults.calls.append(Fault("arm_create_pool", 1, 429, "TooManyRequests", 7))
    with pytest.raises(HttpResponseError) as refused:
        site.create()
    assert (refused.value.status_code, refused.value.response.headers["Retry-After"]) == (429, "7")
    world.quota.pools = 0
    with pytest.raises(HttpResponseError) as refused:
        site.create()
    assert (refused.value.status_code, refused.value.error.code) == (409, "PoolQuotaReached")


def test_the_account_shows_its_quotas(site: Site) -> None:
    """As they are set, to the management SDK, and in the form of the published types."""
    quota = site.ground.emulator.world.quota
    quota.pools, quota.jobs, quota.dedicated, quota.low_priority = 3, 5, 7, 9
    account = site.arm.batch_account.get("rg", DEVELOPMENT_ACCOUNT).properties
    assert (account.pool_quota, account.active_job_and_job_schedule_quota) == (3, 5)
    assert (account.dedicated_core_quota, account.low_priority_core_quota) == (7, 9)
    answer = site.ask(f"{PATH}?api-version=2025-06-01", token(ARM)).json()
    types = Types("microsoft.batch/2025-06-01")
    assert types.faults("Microsoft.Batch/batchAccounts", answer) == []


def test_what_arm_answers_fits_its_published_types(site: Site) -> None:
    """A pool with everything in it has the names, types and enumerations of the published types."""
    types = Types("microsoft.batch/2025-06-01")
    site.create()
    site.ground.advance(10)
    answer = site.ask(f"{PATH}/pools/p?api-version=2025-06-01", token(ARM)).json()
    assert types.faults("Microsoft.Batch/batchAccounts/pools", answer) == []
    site.ground.admin("POST", "/deeds", {"do": "allocation", "code": "AllocationFailed"})
    fixed = mgmt.models.ScaleSettings(fixed_scale=mgmt.models.FixedScaleSettings(target_dedicated_nodes=3))
    site.arm.pool.update("rg", DEVELOPMENT_ACCOUNT, "p", scaled(fixed))
    site.ground.advance(10)
    answer = site.ask(f"{PATH}/pools/p?api-version=2025-06-01", token(ARM)).json()
    assert answer["properties"]["resizeOperationStatus"]["errors"][0]["code"] == "AllocationFailed"
    assert types.faults("Microsoft.Batch/batchAccounts/pools", answer) == []
