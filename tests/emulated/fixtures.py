"""The fixtures of tests that stand on the emulated ground."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch_emulator.doorway import Doorway
from tests.emulated.ground import EmulatedGround, emulated


@pytest.fixture(scope="session")
def doorway() -> Iterator[Doorway]:
    """The socket."""
    found = Doorway()
    yield found
    found.close()


@pytest.fixture
def ground(doorway: Doorway, tmp_path: Path) -> Iterator[EmulatedGround]:
    """A controller, its storage, and an emulated account."""
    with emulated(doorway, tmp_path) as found:
        yield found
