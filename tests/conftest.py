"""Fixtures for every test: what is started here ends with the test run."""

from collections.abc import Iterator

import pytest

from local.azurite import Azurite, start_azurite


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One Azurite for the whole run, on free ports. The account is shared: use containers of your own."""
    with start_azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running
