"""What the operator sets, and what he is told when it is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from shared import settings
from shared.arm_ids import BatchAccountId
from shared.settings import BOUND, READ, IdentityMode, Registry, SettingsError, read_settings

SAMPLE = Path(settings.__file__).resolve().parent.parent / "local.settings.sample.json"
IDENTITY = {
    "BATCHDROP_CONTROL__blobServiceUri": "https://control.blob.core.windows.net/",
    "BATCHDROP_CONTROL__queueServiceUri": "https://control.queue.core.windows.net",
    "BATCHDROP_WORK__blobServiceUri": "https://work.blob.core.windows.net",
    "BATCHDROP_BATCH_ENDPOINT": "https://acct.westeurope.batch.azure.com",
    "BATCHDROP_WORK_KEY_SECRET": "work-key",
    "BATCHDROP_KEY_VAULT": "https://vault.vault.azure.net",
}


NODES = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes"
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n"
KEYLESS = {name: value for name, value in IDENTITY.items() if name != "BATCHDROP_WORK_KEY_SECRET"} | {
    "BATCHDROP_BATCH_ACCOUNT_ID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/acct",
    "BATCHDROP_NODE_IDENTITY": NODES,
}
"""Identity mode: nothing in it is a key or names one."""


def sample() -> dict[str, str]:
    values = json.loads(SAMPLE.read_text())["Values"]
    assert isinstance(values, dict)
    return {str(name): str(value) for name, value in values.items()}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        read_settings(environ)
    return list(wrong.value.problems)


def test_the_sample_names_every_setting() -> None:
    """The sample holds every setting and no other; connection strings stand for the service addresses."""
    ours = {name for name in sample() if name.startswith("BATCHDROP_")}
    addresses = {name for name in READ if "__" in name}
    assert ours == (READ | BOUND) - addresses


def test_the_sample_can_be_read() -> None:
    """The sample is right as it stands, and says where the local stack listens."""
    read = read_settings(sample())
    assert read.control.name == read.work.name == "devstoreaccount1"
    assert read.batch_account == "localbatch"
    assert read.topic is None
    assert read.registry is None
    assert (read.poll_min, read.poll_max) == (timedelta(seconds=30), timedelta(minutes=2))


def test_the_sample_holds_no_secret() -> None:
    """The only key in the sample is the storage emulator's, which everybody knows."""
    keys = [value for value in sample().values() if "AccountKey=" in value]
    assert all("AccountName=devstoreaccount1;" in value for value in keys)
    assert all(len(value) < 60 for value in sample().values() if value not in keys)


def test_identity_needs_no_key() -> None:
    """With service addresses and an https Batch endpoint no connection string and no Batch key is needed."""
    read = read_settings(IDENTITY)
    assert (read.control.name, read.work.name, read.deployment) == ("control", "work", "batchdrop")
    assert read.control.blob_uri == "https://control.blob.core.windows.net"
    assert (read.batch_key_secret, read.pass_time, read.reap_foreign) == (None, timedelta(minutes=8), False)


def test_everything_missing_is_told_at_once() -> None:
    """An empty environment is answered by one error that names all that is needed."""
    told = " ".join(problems({}))
    for name in IDENTITY:
        assert name in told


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"BATCHDROP_BATCH_KEY_SECRET": "batch-key"}, "BATCHDROP_BATCH_ACCOUNT is missing"),
        ({"BATCHDROP_BATCH_ENDPOINT": "http://127.0.0.1:1"}, "BATCHDROP_BATCH_KEY_SECRET is missing"),
        ({"BATCHDROP_BATCH_ENDPOINT": "acct.batch.azure.com"}, "BATCHDROP_BATCH_ENDPOINT must be an address"),
        ({"BATCHDROP_KEY_VAULT": "http://vault"}, "BATCHDROP_KEY_VAULT must be an address with https"),
        ({"BATCHDROP_TOPIC": "https://topic/api/events"}, "BATCHDROP_TOPIC and BATCHDROP_TOPIC_KEY_SECRET go together"),
        ({"BATCHDROP_REGISTRY_SERVER": "a.azurecr.io"}, "BATCHDROP_REGISTRY_USER"),
        ({"BATCHDROP_REGISTRY_USER": "puller"}, "BATCHDROP_REGISTRY_SERVER is missing"),
        ({"BATCHDROP_WORK_KEY_SECRET": ""}, "BATCHDROP_WORK_KEY_SECRET is missing"),
        ({"BATCHDROP_SUBNET": "my-subnet"}, "BATCHDROP_SUBNET must be the id of a resource"),
        ({"BATCHDROP_ARM_ENDPOINT": "https://127.0.0.1:1"}, "BATCHDROP_ARM_ENDPOINT has no use without"),
        ({"BATCHDROP_POLL_MIN": "half"}, "BATCHDROP_POLL_MIN must be a whole number"),
        ({"BATCHDROP_POLL_MIN": "0"}, "BATCHDROP_POLL_MIN must be a whole number"),
        ({"BATCHDROP_POLL_MIN": "121"}, "BATCHDROP_POLL_MIN is greater"),
        ({"BATCHDROP_REAP_FOREIGN": "yes"}, "BATCHDROP_REAP_FOREIGN must be true or false"),
        ({"BATCHDROP_CONTROL": "hello"}, "BATCHDROP_CONTROL must be a connection string"),
        ({"BATCHDROP_POLLMAX": "60"}, "did you mean BATCHDROP_POLL_MAX?"),
    ],
)
def test_one_wrong_setting_is_named(changed: dict[str, str], named: str) -> None:
    """Each wrong value is told by its name, and it alone."""
    told = problems({**IDENTITY, **changed})
    assert len(told) == 1
    assert named in told[0]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"BATCHDROP_BATCH_ACCOUNT_ID": ""}, "BATCHDROP_BATCH_ACCOUNT_ID and BATCHDROP_NODE_IDENTITY go together"),
        ({"BATCHDROP_NODE_IDENTITY": ""}, "BATCHDROP_BATCH_ACCOUNT_ID and BATCHDROP_NODE_IDENTITY go together"),
        ({"BATCHDROP_BATCH_ACCOUNT_ID": "acct"}, "BATCHDROP_BATCH_ACCOUNT_ID must be the id of a resource"),
        ({"BATCHDROP_NODE_IDENTITY": SUBNET}, "BATCHDROP_NODE_IDENTITY must be the id of a resource"),
        ({"BATCHDROP_WORK_KEY_SECRET": "work-key"}, "BATCHDROP_WORK_KEY_SECRET has no use"),
        (
            {"BATCHDROP_BATCH_ACCOUNT": "acct", "BATCHDROP_BATCH_KEY_SECRET": "batch-key"},
            "BATCHDROP_BATCH_KEY_SECRET has no use",
        ),
        ({"BATCHDROP_BATCH_ACCOUNT": "other"}, "BATCHDROP_BATCH_ACCOUNT is another account"),
        (
            {"BATCHDROP_BATCH_ENDPOINT": "https://other.westeurope.batch.azure.com"},
            "BATCHDROP_BATCH_ENDPOINT is another account's",
        ),
        ({"BATCHDROP_BATCH_ENDPOINT": "http://127.0.0.1:1"}, "BATCHDROP_BATCH_ENDPOINT must be https"),
        ({"BATCHDROP_ARM_ENDPOINT": "http://127.0.0.1:1"}, "BATCHDROP_ARM_ENDPOINT must be an address with https"),
        (
            {"BATCHDROP_REGISTRY_SERVER": "a.azurecr.io", "BATCHDROP_REGISTRY_USER": "puller"},
            "BATCHDROP_REGISTRY_USER and BATCHDROP_REGISTRY_PASSWORD_SECRET go together",
        ),
    ],
)
def test_one_wrong_setting_of_identity_mode_is_named(changed: dict[str, str], named: str) -> None:
    """What does not go with identity mode, or is half of it, is told by its name, and it alone."""
    told = problems({**KEYLESS, **changed})
    assert len(told) == 1
    assert named in told[0]


def test_identity_mode_needs_no_secret_but_its_own() -> None:
    """Account id and node identity are enough: no Batch key, no work key, a registry by its server alone."""
    more = {"BATCHDROP_REGISTRY_SERVER": "a.azurecr.io", "BATCHDROP_SUBNET": SUBNET, "BATCHDROP_START_TASK": "true"}
    read = read_settings({**KEYLESS, **more})
    assert read.identity == IdentityMode(BatchAccountId("s", "g", "acct"), NODES, "https://management.azure.com")
    assert (read.batch_key_secret, read.work_key_secret) == (None, None)
    assert read.registry == Registry("a.azurecr.io", None, None)
    assert (read.subnet, read.start_task) == (SUBNET, "true")


def test_subnet_and_start_task_hold_in_keys_mode_too() -> None:
    """Without an identity for the nodes they are as good; only a Batch key makes no pool in a subnet."""
    more = {"BATCHDROP_SUBNET": SUBNET, "BATCHDROP_START_TASK": "true"}
    read = read_settings({**IDENTITY, **more})
    assert (read.identity, read.subnet, read.start_task) == (None, SUBNET, "true")
    keyed = {"BATCHDROP_BATCH_ACCOUNT": "acct", "BATCHDROP_BATCH_KEY_SECRET": "batch-key"}
    (told,) = problems({**IDENTITY, **more, **keyed})
    assert told.startswith("BATCHDROP_SUBNET needs a token")


def test_other_programs_names_are_left_alone() -> None:
    """A variable of the command line tools, or the host's own form of a connection, is no mistake."""
    others = {"BATCHDROP_HOST": "http://127.0.0.1:7071", "BATCHDROP_CONTROL__credential": "managedidentity"}
    assert read_settings({**IDENTITY, **others}).deployment == "batchdrop"


def test_registry_and_topic() -> None:
    """A registry is read as a whole; a topic goes with its key."""
    changed = {
        "BATCHDROP_REGISTRY_SERVER": "a.azurecr.io",
        "BATCHDROP_REGISTRY_USER": "puller",
        "BATCHDROP_REGISTRY_PASSWORD_SECRET": "registry-password",
        "BATCHDROP_TOPIC": "https://topic.westeurope-1.eventgrid.azure.net/api/events",
        "BATCHDROP_TOPIC_KEY_SECRET": "topic-key",
    }
    read = read_settings({**IDENTITY, **changed})
    assert read.registry == Registry("a.azurecr.io", "puller", "registry-password")
    assert read.topic_key_secret == "topic-key"


def test_the_deployments_own_secrets_are_known_by_any_spelling() -> None:
    """The Key Vault takes `Work-Key` for `work-key`: no task may have either, whatever the policy lists."""
    keyed = {
        "BATCHDROP_WORK_KEY_SECRET": "Work-Key",
        "BATCHDROP_BATCH_ACCOUNT": "acct",
        "BATCHDROP_BATCH_KEY_SECRET": "batch-key",
        "BATCHDROP_REGISTRY_SERVER": "a.azurecr.io",
        "BATCHDROP_REGISTRY_USER": "puller",
        "BATCHDROP_REGISTRY_PASSWORD_SECRET": "registry-password",
        "BATCHDROP_TOPIC": "https://topic.westeurope-1.eventgrid.azure.net/api/events",
        "BATCHDROP_TOPIC_KEY_SECRET": "topic-key",
    }
    own = {"work-key", "batch-key", "registry-password", "topic-key"}
    assert read_settings({**IDENTITY, **keyed}).own_secrets == own


def test_keys_are_not_printed() -> None:
    """Settings can be shown without giving away a connection string."""
    assert "AccountKey" not in repr(read_settings(sample()))
