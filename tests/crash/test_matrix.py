"""Killed before a request or after its effect, whichever: the same end. `make crash-matrix` tries every point."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

STRIDE = "8"


def matrix(*options: str) -> tuple[int, dict[str, Any], str]:
    """In a process of its own: it forks."""
    command = [sys.executable, "-m", "tests.crash", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout.splitlines()[-1]), run.stdout + run.stderr


def test_killed_at_any_request_the_job_ends_the_same() -> None:
    """Identical bytes, each unit once, one verdict, no pool, job or container left; good, failing, cancelled, tolerated
    jobs; an eighth of all worlds that a later process can find."""
    code, found, said = matrix("--stride", STRIDE)
    assert (code, found["wrong"]) == (0, 0), said
    assert found["points"] > 2000
    assert found["runs"] >= found["worlds"] // int(STRIDE) - 4


@pytest.mark.parametrize("thaw", ["finish", "cancel"])
def test_frozen_before_any_request_and_thawed_too_late_it_leaves_nothing(thaw: str) -> None:
    """Another process ends the job meanwhile: what the frozen one still does changes nothing and leaves nothing."""
    code, found, said = matrix("--thaw", thaw, "--job", "good", "--stride", "25")
    assert (code, found["wrong"]) == (0, 0), said
    assert found["runs"] > 4


def test_what_ends_otherwise_is_told() -> None:
    """A job whose program is another one after a death: the matrix says where it died and what was otherwise."""
    code, found, said = matrix("--job", "unsound", "--stride", "40")
    assert code == 1
    assert 0 < found["wrong"] <= found["runs"]
    assert "killed " in said
    assert "merged: " in said
