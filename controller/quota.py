"""What the Batch account's quotas mean for a job: how much room there is, and what can never fit. Pure.

Where the account cannot be read its quotas are None: then only its refusals tell, and nothing is known to be for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.codes import Code
from shared.ports import InUse, Quotas
from shared.record import Failure, Plan, Record

POOLS, JOBS, SPOT, DEDICATED = "pools", "activeJobAndJobSchedules", "lowPriorityCores", "dedicatedCores"
"""Azure's names of the quotas, as the portal and a request for more have them."""
REFUSED = {"PoolQuotaReached": POOLS, "ActiveJobAndScheduleQuotaReached": JOBS}
_SIZE = re.compile(r"(?:Standard|Basic)_([A-Z]+)[0-9]+(?:-[0-9]+)?([a-z]*)((?:_[A-Za-z0-9]+)*)")


@dataclass(frozen=True)
class Room:
    """One quota, and how much of it is taken; None = not known."""

    quota: str
    limit: int | None
    used: int | None = None

    @property
    def free(self) -> int | None:
        return None if self.limit is None or self.used is None else max(0, self.limit - self.used)


def rooms(quotas: Quotas | None, in_use: InUse) -> tuple[Room, ...]:
    """For pools and jobs; none where the account cannot be read."""
    if quotas is None:
        return ()
    return (Room(POOLS, quotas.pools, len(in_use.pools)), Room(JOBS, quotas.jobs, in_use.jobs))


def is_core_quota(code: str) -> bool:
    """Is it the account's quota of cores that keeps nodes from a pool? Each kind and the families have their code."""
    return code.startswith("Account") and code.endswith("CoreQuotaReached")


def core_room(quotas: Quotas | None, in_use: InUse | None, sizes: Mapping[str, int], *, spot: bool) -> Room:
    """The quota that spot or dedicated nodes count against; `sizes`: cores by VM size. Unknown sizes hide what is
    used."""
    limit = None if quotas is None else quotas.spot_cores if spot else quotas.dedicated_cores
    used = None
    if in_use is not None and all(pool.vm_size in sizes for pool in in_use.pools):
        used = sum(sizes[pool.vm_size] * (pool.spot if spot else pool.dedicated) for pool in in_use.pools)
    return Room(SPOT if spot else DEDICATED, limit, used)


def cores_of(size: str, *, spot: bool) -> tuple[str, str]:
    """What nodes compete for: their kind of cores, and more closely those for one VM size."""
    kind = SPOT if spot else DEDICATED
    return kind, f"{kind} for {size}"


def first_cores(record: Record) -> tuple[str, ...]:
    """What the first nodes of a job compete for; nothing where it has its pool already, or needs none."""
    compute = record.plan.manifest.compute
    return () if record.pool is not None or compute.pool else cores_of(compute.vm_size, spot=compute.spot)


def full(room: Room) -> Failure:
    """Why a job waits for one more pool, or job, or for cores that others are waiting for already."""
    words = {POOLS: "pools", JOBS: "active jobs", SPOT: "spot cores", DEDICATED: "dedicated cores"}
    what = words.get(room.quota, room.quota)
    known = room.limit is not None and room.used is not None
    message = (
        f"{room.used} of the {room.limit} {what} that this Batch account may hold are there."
        if known
        else f"This Batch account may hold no more {what} now."
    )
    return Failure(
        code=Code.QUOTA_FULL,
        message=message,
        next="It starts by itself when there is room. To start sooner: cancel a job ahead, or ask for more quota.",
        evidence={"quota": room.quota, "limit": room.limit, "used": room.used, "needed": 1},
    )


def full_of_cores(plan: Plan, room: Room, error: str) -> Failure:
    """Why a pool gets no nodes."""
    size, spot = plan.manifest.compute.vm_size, room.quota == SPOT
    kind = "spot" if spot else "dedicated"
    needs = f"a {size} node needs {plan.cores}" if plan.cores is not None else f"none is free for {size}"
    taken = room.limit is not None and room.used is not None
    message = (
        f"{room.used} of {room.limit} {kind} cores of this Batch account are in use; {needs}."
        if taken
        else f"The Batch account has no free {kind} cores for {size}."
    )
    other = str(not spot).lower()
    return Failure(
        code=Code.QUOTA_FULL,
        message=message,
        next=f"It starts by itself when cores are free. To start sooner: cancel a job ahead, "
        f"set compute.spot: {other}, or ask for more {room.quota}.",
        evidence={
            "quota": room.quota,
            "limit": room.limit,
            "used": room.used,
            "needed": plan.cores,
            "resizeError": error,
        },
    )


def never(plan: Plan, quotas: Quotas | None) -> Failure | None:
    """Why no room will ever be enough, if so."""
    if quotas is None:
        return None
    own = plan.manifest.compute.pool is None
    for needed, limit, quota in ((1, quotas.jobs, JOBS), (1 if own else 0, quotas.pools, POOLS)):
        if limit is not None and limit < needed:
            return told(quota, limit, needed, f"The account's quota of {quota} is {limit}")
    found = [cores_never(plan, quotas, spot=spot) for spot in kinds(plan)] if own else []
    return found[0] if found and all(found) else None


def kinds(plan: Plan) -> list[bool]:
    """Spot (True) or dedicated: what the job's nodes may be; spot ones turn to dedicated ones where that is allowed."""
    compute = plan.manifest.compute
    if not compute.spot:
        return [False]
    return [True] if compute.dedicated_after_preemptions is None else [True, False]


def cores_never(plan: Plan, quotas: Quotas, *, spot: bool) -> Failure | None:
    size, needed = plan.manifest.compute.vm_size, plan.cores
    if needed is None:
        return None
    limits = [(SPOT, quotas.spot_cores)] if spot else [(DEDICATED, quotas.dedicated_cores)]
    family = None if spot else family_of(size, quotas.family_cores)
    if family is not None:
        limits.append((family, quotas.family_cores[family]))
    for quota, limit in limits:
        if limit is not None and limit < needed:
            return told(
                quota, limit, needed, f"A {size} node needs {needed} cores; the account's quota of {quota} is {limit}"
            )
    return None


def family_of(size: str, families: Mapping[str, int]) -> str | None:
    """The VM family of a size, where Azure's name for it can be told from the size's own: `Standard_D4s_v5` is of
    `standardDSv5Family`."""
    parts = _SIZE.fullmatch(size)
    if parts is None:
        return None
    wanted = _plain(f"standard{parts[1]}{parts[2]}{parts[3]}family")
    return next((family for family in families if _plain(family) == wanted), None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def told(quota: str, limit: int, needed: int, message: str) -> Failure:
    return Failure(
        code=Code.QUOTA_NEVER,
        message=f"{message}: it can never fit.",
        next="Ask Azure for more of this quota, or change compute (vmSize, spot), and drop the manifest again.",
        evidence={"quota": quota, "limit": limit, "used": None, "needed": needed},
    )
