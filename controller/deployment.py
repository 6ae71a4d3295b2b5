"""What one deployment is: who it is to others, what its policy says, how it paces itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from controller.budget import Pace
from controller.session import Rules
from shared.names import Owner
from shared.policy import Policy
from shared.specs import Site


@dataclass(frozen=True)
class Deployment:
    """`policy` reads the operator's policy anew (cached for a short while by who provides it)."""

    owner: Owner
    policy: Callable[[], Policy]
    pace: Pace = field(default_factory=Pace)
    site: Site = field(default_factory=Site)
    pass_time: timedelta = timedelta(minutes=8)
    reap_foreign: bool = False

    def rules(self) -> Rules:
        return Rules(self.pace, self.site, self.policy().paused)
