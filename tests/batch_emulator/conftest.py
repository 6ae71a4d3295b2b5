"""Fixtures of the emulator's tests."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cheroot.wsgi import Server

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.world import Settings
from tests.batch_emulator.ground import Ground, Programs


class Doorway:
    """One socket for all tests; behind it stands the account of the test that runs."""

    def __init__(self) -> None:
        self.emulator: Emulator | None = None
        self._server = Server(("127.0.0.1", 0), self._answer)
        self._server.shutdown_timeout = 1
        self._server.prepare()
        self.url = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        self._thread = Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert self.emulator is not None
        return self.emulator.app(environ, start_response)

    def close(self) -> None:
        """Close the socket."""
        self._server.stop()
        self._thread.join()


@pytest.fixture(scope="session")
def doorway() -> Iterator[Doorway]:
    """The socket."""
    found = Doorway()
    yield found
    found.close()


@pytest.fixture
def ground(doorway: Doorway, tmp_path: Path) -> Iterator[Ground]:
    """A fresh account on a free port; its time passes only when the test says so."""
    programs = Programs()
    execution = CallableExecution(programs)
    settings = Settings(tmp_path / "nodes", boot_seconds=2, delete_seconds=1)
    emulator = Emulator(
        DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, DrivenClock(), settings=settings, url=doorway.url
    )
    doorway.emulator = emulator
    found = Ground(doorway.url, emulator, programs, execution)
    yield found
    found.close()
