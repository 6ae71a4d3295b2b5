"""The secrets of one start of a stack."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["keys", "identity"]
"""How the controller and the nodes come to Batch and to storage: docs/deploy.md."""
BATCH_KEY_NAME = "batch-key"
STORAGE_KEY_NAME = "storage-key"
TOPIC_KEY_NAME = "topic-key"
TASK_SECRETS = {"task-heavylift-sql": "known-to-everybody"}
"""Secrets of the examples' tasks, by the names that local/policy.yaml allows. They open nothing."""


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


@dataclass(frozen=True)
class StackKeys:
    """Made anew at every start, save the storage key, which is Azurite's, and TASK_SECRETS: everybody knows these."""

    storage: str
    batch: str = field(default_factory=_random_key)
    topic: str = field(default_factory=_random_key)
    identity: str = field(default_factory=_random_key)

    def vault(self, mode: Mode) -> dict[str, str]:
        """What the Key Vault holds: secret name -> value. In identity mode neither Batch's key nor the storage's."""
        own = {BATCH_KEY_NAME: self.batch, STORAGE_KEY_NAME: self.storage} if mode == "keys" else {}
        return own | {TOPIC_KEY_NAME: self.topic} | TASK_SECRETS
