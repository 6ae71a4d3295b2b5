"""One site for each test, over a world of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.test import Client

from local.functions_host.site import Site
from tests.http.site import client_of, site_of
from tests.loop.ground import Ground


@pytest.fixture
def ground() -> Ground:
    return Ground()


@pytest.fixture
def site(ground: Ground) -> Iterator[Site]:
    with site_of(ground) as site:
        yield site


@pytest.fixture
def client(site: Site) -> Client:
    return client_of(site)
