"""How a Functions host is started: the local one, or Core Tools."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from local.program import NotReady, Program
from local.stack.layout import CHECKOUT

HostKind = Literal["local", "func", "none"]

# Short, so that a killed host's work is taken up again in seconds: Azure's own are 30 s to 10 min.
_POLL = "0.5"
_INVISIBILITY = "10"
_LEASE = "15"
# What would make DefaultAzureCredential look elsewhere, or send requests for 127.0.0.1 to a proxy.
_HIDDEN = ("AZURE_",)


class HostProgram(Protocol):
    """Starts the host and returns when it is ready."""

    def start(self) -> Program:
        """The running program. Raises NotReady."""


@dataclass(frozen=True)
class LocalHost:
    """`local.functions_host`."""

    app: Path
    port: int
    settings: Mapping[str, str]
    log: Path

    def start(self) -> Program:
        """The running program. Raises NotReady."""
        argv = [
            *(sys.executable, "-m", "local.functions_host", "--app", str(self.app), "--port", str(self.port)),
            *("--azurite-poll", _POLL, "--queue-invisibility", _INVISIBILITY, "--lease-seconds", _LEASE),
        ]
        program = Program("functions host", argv, self.log, environment=_environment(self.settings), folder=CHECKOUT)
        return _ready(program, lambda: program.wait_ready(r"^functions host ready: http\S+", patience=60))


@dataclass(frozen=True)
class CoreTools:
    """`func`, run in the app's folder with this Python first on PATH."""

    app: Path
    port: int
    settings: Mapping[str, str]
    log: Path

    def start(self) -> Program:
        """The running program. Raises NotReady."""
        argv = [find_core_tools(), "start", "--port", str(self.port)]
        program = Program("func", argv, self.log, environment=_environment(self.settings), folder=self.app)
        return _ready(program, lambda: _wait_for_port(program, self.port, patience=180))


def find_core_tools() -> str:
    """Where `func` is. Raises NotReady."""
    func = shutil.which("func")
    if func is None:
        raise NotReady("Azure Functions Core Tools (`func`) are not on PATH; install them, or leave out --host func")
    return func


def _ready(program: Program, wait: Callable[[], object]) -> Program:
    try:
        wait()
    except BaseException:
        program.stop(patience=5)
        raise
    return program


def _wait_for_port(program: Program, port: int, patience: float) -> None:
    end = time.monotonic() + patience
    while program.exit_code is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise NotReady(f"{program.name} does not answer on port {port}; see {program.log}")


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", os.defpath)))
    return {**kept, **settings, "PATH": path, "NO_PROXY": "127.0.0.1,localhost", "PYTHONUNBUFFERED": "1"}
