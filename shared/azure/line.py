"""What lies between the SDKs and the services: how requests travel, who asks, what time it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.clock import SystemClock
from shared.ports import Clock

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from shared.azure.transport import Transport


@dataclass(frozen=True)
class Line:
    """`transport` None: the network, each client by connections of its own. `credential` None: the process's own
    identity. What is loaded for them is loaded when it is asked for."""

    transport: Transport | None = None
    credential: TokenCredential | None = None
    clock: Clock = field(default_factory=SystemClock)

    def open(self) -> Transport:
        """What one client sends by."""
        from shared.azure.transport import BoundedTransport

        return self.transport or BoundedTransport()

    def identity(self) -> TokenCredential:
        """Who asks where no key is given."""
        from shared.azure.identity import default_credential

        return self.credential or default_credential()


NETWORK = Line()
