"""Fixtures for every test: what is started here ends with the test run."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from local.azurite import Azurite, start_azurite

# Examples are the same in every run, and a slow machine is no failure. `--hypothesis-profile=search` draws new ones.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", _PATIENT)
settings.register_profile("steady", _PATIENT, derandomize=True, database=None)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One Azurite for the whole run, on free ports. The account is shared: use containers of your own."""
    with start_azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running
