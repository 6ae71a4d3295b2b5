"""The process's own veil, as it was before once a test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.veil import VEIL, Veil


@pytest.fixture
def process_veil() -> Iterator[Veil]:
    known = VEIL._known
    yield VEIL
    VEIL._known = known
