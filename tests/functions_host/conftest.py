"""Fixtures of the functions host's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.azurite import Azurite
from tests.functions_host.ground import Ground, RunningHost


@pytest.fixture
def ground(azurite: Azurite, tmp_path: Path) -> Iterator[Ground]:
    """Names of the test's own; its hosts end with it."""
    ground = Ground(azurite, tmp_path)
    yield ground
    ground.close()


@pytest.fixture(scope="package")
def shared(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Names of a host that many tests share."""
    ground = Ground(azurite, tmp_path_factory.mktemp("shared"))
    yield ground
    ground.close()


@pytest.fixture(scope="package")
def host(shared: Ground) -> RunningHost:
    """A host of the app `orders` that many tests share: send it things of your own only."""
    return shared.start()
