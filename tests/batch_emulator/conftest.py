"""Fixtures of the emulator's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.world import Settings
from tests.batch_emulator.doorway import Doorway
from tests.batch_emulator.ground import Ground, Programs


@pytest.fixture(scope="session")
def doorway() -> Iterator[Doorway]:
    """The socket."""
    found = Doorway()
    yield found
    found.close()


@pytest.fixture
def ground(doorway: Doorway, tmp_path: Path) -> Iterator[Ground]:
    """A fresh account on a free port; its time passes only when the test says so.

    Whatever the test is about, no answer may hold anything that the SDK's own models do not know.
    """
    programs = Programs()
    execution = CallableExecution(programs)
    settings = Settings(tmp_path / "nodes", boot_seconds=2, delete_seconds=1)
    emulator = Emulator(
        DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, DrivenClock(), settings=settings, url=doorway.url
    )
    doorway.emulator = emulator
    found = Ground(doorway.url, emulator, programs, execution)
    doorway.exchanges.clear()
    yield found
    found.close()
    assert {fault for exchange in doorway.exchanges for fault in exchange.answered_wrong()} == set()
