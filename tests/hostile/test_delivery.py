"""Whatever becomes of hints, workers, clocks and blobs: nothing lost, nothing doubled, nothing left."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.hostile.machine import Delivery

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "50"))


def test_every_job_ends_by_name_whatever_reaches_the_controller() -> None:
    """Sums add up in every status; one verdict, one result.json; the right bytes or a reason; no resource is left."""
    run_state_machine_as_test(
        Delivery,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            derandomize="HOSTILE_EXAMPLES" not in os.environ,
            database=None,
        ),
    )
