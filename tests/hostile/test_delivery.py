"""Whatever becomes of hints, workers, clocks and blobs: nothing lost, nothing doubled, nothing left."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.hostile.jobs import KINDS
from tests.hostile.machine import machine_of

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "3"))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_job_ends_by_name_whatever_reaches_the_controller(kind: str) -> None:
    """Sums add up in every status; one verdict, one result.json; the right bytes or a reason; no resource is left."""
    run_state_machine_as_test(
        machine_of(kind),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            derandomize="HOSTILE_EXAMPLES" not in os.environ,
            database=None,
        ),
    )
