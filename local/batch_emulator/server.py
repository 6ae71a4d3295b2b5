"""Sockets: an emulated account on a port of 127.0.0.1, with or without TLS, moved on by a thread of its own."""

import logging
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

from local.batch_emulator.emulator import Emulator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TICK_EVERY = 0.05
_LOG = logging.getLogger(__name__)


class _QuietServer(Server):
    """Reports through logging, not on the terminal."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Cheroot's hook for what it would print."""
        _LOG.log(level, "%s", msg, exc_info=traceback)


class _Late:
    """An application as far away as `seconds`: every request waits so long first, each for itself."""

    def __init__(self, app: "WSGIApplication", seconds: float) -> None:
        self._app, self._seconds = app, seconds

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """WSGI."""
        time.sleep(self._seconds)
        return self._app(environ, start_response)


class EmulatorServer:
    """Serves an emulator from threads. `url` is its address; `stop` ends the threads and every task.

    With a certificate (its file and its key's) the port speaks TLS; with `secure_port` too, the port stays plain and
    that second one speaks TLS: `secure_url`. Without `progress`, the service goes on only when somebody calls the
    emulator's `tick` or `advance`. `latency` seconds pass before each request is looked at.
    """

    def __init__(
        self,
        emulator: Emulator,
        *,
        port: int = 0,
        certificate: tuple[Path, Path] | None = None,
        secure_port: int | None = None,
        progress: bool = True,
        latency: float = 0.0,
    ) -> None:
        self.emulator = emulator
        app = _Late(emulator.app, latency) if latency else emulator.app
        plain = certificate is None or secure_port is not None
        self._doors = [_door(app, port, None if plain else certificate)]
        self.url = _address(self._doors[0], secure=not plain)
        self.secure_url = None if plain else self.url
        if secure_port is not None:
            self._doors.append(_door(app, secure_port, certificate))
            self.secure_url = _address(self._doors[1], secure=True)
        emulator.world.url = self.url
        self._ended = threading.Event()
        targets = [door.serve for door in self._doors] + ([self._tick] if progress else [])
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]

    def start(self) -> "EmulatorServer":
        """Answer requests and let the service go on."""
        for thread in self._threads:
            thread.start()
        return self

    def _tick(self) -> None:
        while not self._ended.wait(TICK_EVERY):
            try:
                self.emulator.tick()
            except Exception:  # noqa: BLE001 - one defect must not stop the service for everybody else; it is shown
                _LOG.exception("the emulator's progress met a defect")

    def stop(self) -> None:
        """Close the port, end the threads, end every task."""
        self._ended.set()
        for door in self._doors:
            door.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self.emulator.close()

    def __enter__(self) -> "EmulatorServer":
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def _door(app: "WSGIApplication", port: int, certificate: tuple[Path, Path] | None) -> _QuietServer:
    door = _QuietServer(("127.0.0.1", port), app, numthreads=16)
    door.shutdown_timeout = 1
    door.expiration_interval = 0.1  # how soon it notices that it is to stop
    if certificate is not None:
        door.ssl_adapter = BuiltinSSLAdapter(*(str(path) for path in certificate))
    door.prepare()
    return door


def _address(door: _QuietServer, *, secure: bool) -> str:
    return f"{'https' if secure else 'http'}://127.0.0.1:{door.bind_addr[1]}"


__all__ = ["Emulator", "EmulatorServer"]
