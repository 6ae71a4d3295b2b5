"""Where the services of a running stack answer."""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoints:
    """URLs; `host` is the Functions host's, also while none runs."""

    blob: str
    queue: str
    table: str
    batch: str
    vault: str
    identity: str
    topic: str
    host: str
    arm: str | None = None
    """Identity mode only: Azure Resource Manager, and the Batch account once more, with TLS."""

    def named(self) -> dict[str, str]:
        """Name -> URL, in the order of starting."""
        return {name: url for name, url in dataclasses.asdict(self).items() if url}
