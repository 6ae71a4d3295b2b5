"""One running stack with real containers for all tests here; where podman does not work they are skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.podman import NoPodman, Podman
from local.stack.stack import Stack
from tests.e2e.conftest import Person


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stack keeps its files."""
    return tmp_path_factory.mktemp("containers") / "stack"


@pytest.fixture(scope="session")
def stack(folder: Path) -> Iterator[Stack]:
    """A stack whose tasks run in containers of images that podman has built."""
    stack = Stack(folder, containers="podman")
    try:
        stack.start()
    except NoPodman as why:
        pytest.skip(str(why))
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def person(stack: Stack) -> Person:
    """Somebody who drops jobs there."""
    return Person(stack)


@pytest.fixture(scope="session")
def podman(stack: Stack) -> Podman:
    """The stack's own podman."""
    assert stack.podman is not None
    return stack.podman
