"""A few manifests more than an account has pools for, dropped at once on a whole local stack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.load.flood import displaced, flood, passed_by

JOBS, POOLS = 3, 2


def test_more_jobs_than_pools_all_end_on_a_real_stack() -> None:
    """One more than fits: each has its result and each unit once; nothing is left, no quota is passed."""
    found = flood(JOBS, POOLS, seconds=300)
    assert found.wrong == []
    assert found.over == JOBS
    assert 0 < found.pools <= POOLS


def record(name: str, modified: int, accepted: int, admitted: int) -> dict[str, Any]:
    def moment(minutes: int) -> str:
        return f"2026-01-05T08:{minutes:02}:00+00:00"

    manifest = {"path": name, "modified": moment(modified)}
    return {"job": name, "manifest": manifest, "accepted": moment(accepted), "admitted": moment(admitted)}


OLD = record("old", 0, 1, 20)


@pytest.mark.parametrize(
    ("young", "wrong", "places"),
    [
        (record("young", 1, 2, 21), 0, 0),
        (record("young", 1, 2, 10), 1, 1),
        (record("young", 1, 1, 1), 0, 1),
    ],
)
def test_whoever_is_passed_by_a_younger_job_is_named(young: dict[str, Any], wrong: int, places: int) -> None:
    """Not where the younger one was admitted before the older one had been seen for a minute."""
    assert len(passed_by([OLD, young])) == wrong
    assert displaced([young, OLD]) == places
