"""The settings that a stack gives to the Function App, and the file that gives them to a shell."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.access_tokens import TENANT
from local.stack.endpoints import Endpoints
from local.stack.keys import BATCH_KEY_NAME, STORAGE_KEY_NAME, TOPIC_KEY_NAME, Mode, StackKeys

BATCH_ACCOUNT = "localbatch"
_GROUP = f"/subscriptions/{TENANT}/resourceGroups/local/providers"
BATCH_ACCOUNT_ID = f"{_GROUP}/Microsoft.Batch/batchAccounts/{BATCH_ACCOUNT}"
NODE_IDENTITY = f"{_GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/local-nodes"
POLICY = Path(__file__).resolve().parent.parent / "policy.yaml"

# Seconds where a Function App in Azure takes minutes, so that a person sees things move.
_PACE = {
    "BATCHDROP_TICK": "*/2 * * * * *",
    "BATCHDROP_SWEEP": "*/15 * * * * *",
    "BATCHDROP_REAP": "0 * * * * *",
    "BATCHDROP_POLL_MIN": "1",
    "BATCHDROP_POLL_MAX": "5",
}


@dataclass(frozen=True)
class Facts:
    """What the settings are made from."""

    storage: str
    endpoints: Endpoints
    keys: StackKeys
    authorities: Path
    mode: Mode = "keys"
    policy: Path = POLICY


def app_settings(facts: Facts) -> dict[str, str]:
    """The Function App's settings: those it has in Azure, with local values."""
    return {
        "AzureWebJobsStorage": facts.storage,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "BATCHDROP_CONTROL": facts.storage,
        "BATCHDROP_WORK": facts.storage,
        "BATCHDROP_DEPLOYMENT": "local",
        "BATCHDROP_BATCH_ACCOUNT": BATCH_ACCOUNT,
        **_mode_settings(facts),
        "BATCHDROP_KEY_VAULT": facts.endpoints.vault,
        "BATCHDROP_TOPIC": facts.endpoints.topic,
        "BATCHDROP_TOPIC_KEY_SECRET": TOPIC_KEY_NAME,
        "BATCHDROP_POLICY": str(facts.policy),
        "BATCHDROP_MANIFEST_SOURCE": "LogsAndContainerScan",
        **_PACE,
        "IDENTITY_ENDPOINT": facts.endpoints.identity,
        "IDENTITY_HEADER": facts.keys.identity,
        "REQUESTS_CA_BUNDLE": str(facts.authorities),
    }


def _mode_settings(facts: Facts) -> dict[str, str]:
    """Each mode empties what is the other's, which may stand in a local.settings.json from before."""
    keys = facts.mode == "keys"
    secure = facts.endpoints.arm or ""
    return {
        "BATCHDROP_BATCH_ENDPOINT": facts.endpoints.batch if keys else secure,
        "BATCHDROP_BATCH_KEY_SECRET": BATCH_KEY_NAME if keys else "",
        "BATCHDROP_WORK_KEY_SECRET": STORAGE_KEY_NAME if keys else "",
        "BATCHDROP_BATCH_ACCOUNT_ID": "" if keys else BATCH_ACCOUNT_ID,
        "BATCHDROP_NODE_IDENTITY": "" if keys else NODE_IDENTITY,
        "BATCHDROP_ARM_ENDPOINT": "" if keys else secure,
    }


def client_settings(facts: Facts) -> dict[str, str]:
    """What a person's own tools look for: the Azure CLI's names, and the address of the Functions host."""
    return {
        "AZURE_STORAGE_CONNECTION_STRING": facts.storage,
        "AZURE_BATCH_ENDPOINT": facts.endpoints.batch,
        "AZURE_BATCH_ACCOUNT": BATCH_ACCOUNT,
        "AZURE_BATCH_ACCESS_KEY": facts.keys.batch,
        "BATCHDROP_HOST": facts.endpoints.host,
    }


def write_environment(path: Path, values: Mapping[str, str]) -> None:
    """A file for `. local.env` in any shell; it holds keys, so only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items()))


def write_local_settings(app: Path, settings: Mapping[str, str], host_port: int) -> Path:
    """`local.settings.json` for Core Tools: the sample (or the file that is there) with this stack's values."""
    path = app / "local.settings.json"
    source = path if path.exists() else app / "local.settings.sample.json"
    document = json.loads(source.read_text(encoding="utf-8-sig"))
    document["IsEncrypted"] = False
    document["Values"] = {**document.get("Values", {}), **settings}
    document["Host"] = {**document.get("Host", {}), "LocalHttpPort": host_port}
    path.write_text(json.dumps(document, indent=2) + "\n")
    path.chmod(0o600)
    return path
