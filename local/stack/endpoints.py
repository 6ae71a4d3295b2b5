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
    batch_tls: str | None = None
    """Identity mode: the Batch account, and Azure Resource Manager, with TLS."""

    def named(self) -> dict[str, str]:
        """Name -> URL, in the order of starting."""
        return {name: url for name, url in dataclasses.asdict(self).items() if url}
