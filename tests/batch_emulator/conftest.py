"""Fixtures of the emulator's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Settings
from tests.batch_emulator.ground import Ground, Programs


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A fresh account on a free port; its time passes only when the test says so."""
    programs = Programs()
    execution = CallableExecution(programs)
    settings = Settings(tmp_path / "nodes", boot_seconds=2, delete_seconds=1)
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, DrivenClock(), settings=settings)
    with EmulatorServer(emulator, progress=False) as server:
        yield Ground(server, programs, execution)
