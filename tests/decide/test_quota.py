"""Quotas: what fits, what never will, and how it is said."""

from __future__ import annotations

from typing import Any

import pytest

from controller.quota import Room, core_room, family_of, full_of_cores, is_core_quota, never
from shared.manifest.models import Compute
from shared.ports import InUse, PoolNodes, Quotas
from shared.record import Plan
from tests.builders import a_manifest, a_record

SIZE = "Standard_D4s_v5"
PLENTY = Quotas(pools=10, jobs=10, dedicated_cores=100, spot_cores=100)


def plan(cores: int | None = 4, **compute: Any) -> Plan:
    machines = Compute(**({"vm_size": SIZE} | compute))
    return a_record(a_manifest(compute=machines)).plan.model_copy(update={"cores": cores})


def but(**limits: Any) -> Quotas:
    return Quotas(**(vars(PLENTY) | limits))


DEDICATED: dict[str, Any] = {"spot": False}
ONLY_SPOT: dict[str, Any] = {"dedicated_after_preemptions": None}


@pytest.mark.parametrize(
    ("compute", "quotas", "quota"),
    [
        ({}, PLENTY, None),
        ({}, None, None),
        ({}, Quotas(), None),
        ({}, but(pools=0), "pools"),
        ({}, but(jobs=0), "activeJobAndJobSchedules"),
        (DEDICATED, but(dedicated_cores=3), "dedicatedCores"),
        (DEDICATED, but(dedicated_cores=4, spot_cores=0), None),
        (DEDICATED, but(family_cores={"standardDSv5Family": 2, "standardFSv2Family": 100}), "standardDSv5Family"),
        (DEDICATED, but(family_cores={"standardDSv5Family": 4}), None),
        (ONLY_SPOT, but(spot_cores=3), "lowPriorityCores"),
        ({}, but(spot_cores=3), None),
        ({}, but(spot_cores=3, dedicated_cores=0), "lowPriorityCores"),
        ({"vm_size": "", "pool": "night", **DEDICATED}, but(pools=0, dedicated_cores=0), None),
        ({"vm_size": "", "pool": "night", **DEDICATED}, but(jobs=0), "activeJobAndJobSchedules"),
    ],
)
def test_what_can_never_fit_is_named_by_its_quota(
    compute: dict[str, Any], quotas: Quotas | None, quota: str | None
) -> None:
    """Only where every kind of node the job may have is too large; spot nodes may turn to dedicated ones."""
    failure = never(plan(**compute), quotas)
    assert (failure.evidence["quota"] if failure else None) == quota
    if failure is not None:
        assert failure.code == "QUOTA_NEVER"
        assert str(failure.evidence["limit"]) in failure.message


def test_a_machine_of_unknown_cores_is_never_too_large() -> None:
    """Guessing would end jobs that could run."""
    assert never(plan(cores=None, spot=False), but(dedicated_cores=1)) is None


@pytest.mark.parametrize(
    ("size", "family"),
    [
        ("Standard_D4s_v5", "standardDSv5Family"),
        ("Standard_D4_v3", "standardDv3Family"),
        ("Standard_F8s_v2", "standardFSv2Family"),
        ("Standard_E8as_v4", "standardEASv4Family"),
        ("Standard_NC6s_v3", "standardNCSv3Family"),
        ("Standard_X4s_v9", None),
        ("whatever", None),
    ],
)
def test_the_family_of_a_size_is_told_from_its_name(size: str, family: str | None) -> None:
    """Where Azure's name of the family is built like the size's; else no family is held against a job."""
    known = [
        "standardDSv5Family",
        "standardDv3Family",
        "standardFSv2Family",
        "standardEASv4Family",
        "standardNCSv3Family",
    ]
    assert family_of(size, dict.fromkeys(known, 10)) == family


def test_cores_in_use_are_counted_where_every_pool_is_of_a_known_size() -> None:
    """48 of 50: as the status says it. One unknown size and nothing is claimed."""
    in_use = InUse((PoolNodes(SIZE, 1, 12), PoolNodes("Standard_D2s_v5", 3, 0)), 2)
    sizes = {SIZE: 4, "Standard_D2s_v5": 2}
    assert core_room(but(spot_cores=50), in_use, sizes, spot=True) == Room("lowPriorityCores", 50, 48)
    assert core_room(PLENTY, in_use, sizes, spot=False) == Room("dedicatedCores", 100, 10)
    assert core_room(but(spot_cores=50), in_use, {SIZE: 4}, spot=True) == Room("lowPriorityCores", 50, None)
    assert core_room(None, None, {}, spot=True) == Room("lowPriorityCores", None, None)


def test_full_cores_are_told_as_numbers() -> None:
    """Limit, use and need, as evidence and as a sentence."""
    found = full_of_cores(plan(), Room("lowPriorityCores", 50, 48), "AccountCoreQuotaReached")
    assert found.message == "48 of 50 spot cores of this Batch account are in use; a Standard_D4s_v5 node needs 4."
    assert found.evidence == {
        "quota": "lowPriorityCores",
        "limit": 50,
        "used": 48,
        "needed": 4,
        "resizeError": "AccountCoreQuotaReached",
    }


def test_every_kind_of_core_quota_is_one() -> None:
    """There is a code for all cores, for spot ones, and for those of a family."""
    codes = ("AccountCoreQuotaReached", "AccountLowPriorityCoreQuotaReached", "AccountVMSeriesCoreQuotaReached")
    assert all(map(is_core_quota, codes))
    assert not is_core_quota("AllocationFailed")
