"""The secrets of one start of a stack."""

import base64
import secrets
from dataclasses import dataclass, field

BATCH_KEY_NAME = "batch-key"
STORAGE_KEY_NAME = "storage-key"
TOPIC_KEY_NAME = "topic-key"


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


@dataclass(frozen=True)
class StackKeys:
    """Made anew at every start; the storage key is Azurite's, which everybody knows."""

    storage: str
    batch: str = field(default_factory=_random_key)
    topic: str = field(default_factory=_random_key)
    identity: str = field(default_factory=_random_key)

    def vault(self) -> dict[str, str]:
        """What the Key Vault holds: secret name -> value."""
        return {BATCH_KEY_NAME: self.batch, STORAGE_KEY_NAME: self.storage, TOPIC_KEY_NAME: self.topic}
