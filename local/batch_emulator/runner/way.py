"""The way of a task's files: the transfers of its attempt, and what its node's identities open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.batch_emulator.runner.blob_http import Transfers
from local.batch_emulator.runner.mounts.stores import Stores
from local.batch_emulator.runner.mounts.wanted import as_identity


@dataclass(frozen=True)
class Way:
    """How an attempt reaches blobs."""

    transfers: Transfers
    stores: Stores
    identities: tuple[str, ...]

    def opened(self, url: str, reference: Mapping[str, Any] | None, code: str) -> str:
        """Give a URL as it can be used: as it is, or signed where an identity is to open it. Raises Problem(code)."""
        return url if not reference else as_identity(reference, url, self.identities, self.stores, code)
