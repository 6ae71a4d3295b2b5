"""One socket for many emulated accounts, one after the other."""

from collections.abc import Iterable
from threading import Thread
from typing import Any

from cheroot.wsgi import Server

from local.batch_emulator.emulator import Emulator
from tests.batch_emulator.exchanges import Exchange, recorded


class Doorway:
    """One socket for all tests; behind it stands the account of the test that runs. `exchanges` are those of all."""

    def __init__(self) -> None:
        self.emulator: Emulator | None = None
        self.exchanges: list[Exchange] = []
        self._server = Server(("127.0.0.1", 0), self._answer)
        self._server.shutdown_timeout = 1
        self._server.prepare()
        self.url = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        self._thread = Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert self.emulator is not None
        return recorded(self.emulator.app, environ, start_response, self.exchanges)

    def close(self) -> None:
        """Close the socket."""
        self._server.stop()
        self._thread.join()
