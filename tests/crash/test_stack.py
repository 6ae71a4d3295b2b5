"""The same against Azurite and the emulator, where a death is a SIGKILL; `make crash-matrix ARGS=--stack` has 40."""

from __future__ import annotations

import pytest

from tests.crash.test_matrix import matrix


@pytest.mark.stack
def test_processes_killed_over_real_connections_lose_nothing() -> None:
    """Ten processes die at requests spread over their jobs; the next ones finish these."""
    code, found, said = matrix("--stack", "10")
    assert (code, found["points"], found["wrong"]) == (0, 10, 0), said
