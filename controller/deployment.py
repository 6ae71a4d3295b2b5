"""What one deployment is: who it is to others, what its policy says, how it paces itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from controller.budget import Pace
from controller.days import DayCount
from controller.known import KnownRecords
from controller.session import Rules
from shared.errors import NoPolicy, Rejected
from shared.logs import note
from shared.names import Owner
from shared.policy import Policy
from shared.specs import Site

log = logging.getLogger("batchdrop.deployment")


@dataclass(frozen=True)
class Deployment:
    """`policy` reads the operator's policy anew (cached for a short while by who provides it). `known` and `today`
    spare requests; nothing rests on them."""

    owner: Owner
    policy: Callable[[], Policy]
    pace: Pace = field(default_factory=Pace)
    site: Site = field(default_factory=Site)
    pass_time: timedelta = timedelta(minutes=8)
    reap_foreign: bool = False
    known: KnownRecords = field(default_factory=KnownRecords)
    today: DayCount = field(default_factory=DayCount)

    def judge(self) -> Policy:
        """The policy that manifests are held against; NoPolicy where it cannot be read."""
        try:
            return self.policy()
        except Rejected as rejected:
            first = rejected.problems[0]
            place = f"line {first.line}, column {first.column}: " if first.line else ""
            field = f"{first.path}: " if first.path else ""
            raise NoPolicy(f"The operator's policy cannot be read: {place}{field}{first.message}.") from rejected

    def rules(self) -> Rules:
        """A policy that cannot be read admits nothing new; what is open goes on."""
        try:
            policy = self.judge()
        except NoPolicy as trouble:
            note(log, "nothing is admitted", logging.ERROR, why=trouble)
            policy = Policy(paused=True)
        cores = {name: size.cores for name, size in policy.vm_sizes.items()}
        return Rules(self.pace, self.site, policy.paused, policy.caps.node_hours_per_day, cores)
