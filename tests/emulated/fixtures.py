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
    """A controller, its storage, and an emulated account.

    Whatever the test is about, no request of the controller may hold anything that the SDK's own models do not know.
    """
    doorway.exchanges.clear()
    with emulated(doorway, tmp_path) as found:
        yield found
    assert {fault for exchange in doorway.exchanges for fault in exchange.sent_wrong()} == set()
