"""A program of the local ground: own process group, output in a log file, ended with its starter."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LOOK_EVERY = 0.03


class NotReady(Exception):
    """A program ended, or stayed silent for too long, before it said that it was ready."""


class Program:
    """One child program. Its standard output and error are appended to `log`.

    On Linux it gets SIGTERM when the thread that started it ends, so nothing outlives a killed starter;
    start it from a thread that lives as long as the program is wanted. The files `keep_open` (descriptors) stay
    open in it: a lock among them is held until the program has really ended.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log = log
        self._swept = False
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self._seen = sink.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_LAUNCHER), str(os.getpid()), *argv],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                cwd=folder,
                pass_fds=keep_open,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_ready(self, pattern: str, patience: float) -> re.Match[str]:
        """The first match of `pattern` in what it printed since its start. Raises NotReady."""
        end = time.monotonic() + patience
        while True:
            ended = self.exit_code is not None
            found = re.search(pattern, self.printed(), re.MULTILINE)
            if found:
                return found
            if ended:
                raise NotReady(f"{self.name} ended with {self.exit_code} while starting: {self._tail()}")
            if time.monotonic() > end:
                raise NotReady(f"{self.name} was not ready after {patience:g} s: {self._tail()}")
            time.sleep(_LOOK_EVERY)

    def printed(self) -> str:
        """Everything it printed since its start."""
        with self.log.open("rb") as source:
            source.seek(self._seen)
            return source.read().decode(errors="replace")

    def stop(self, patience: float = 20) -> int:
        """End it by SIGTERM; what is left of its group then, or after `patience` seconds, is killed. Its exit code."""
        if self.exit_code is None:
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self.kill()
        return self._process.wait()

    def kill(self) -> None:
        """End the whole process group by SIGKILL, as a crash of the machine would."""
        if not self._swept:
            # Once only: later the number may belong to somebody else.
            self._swept = True
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def _tail(self) -> str:
        lines = self.printed().strip().splitlines()[-8:]
        return "\n  ".join(lines) if lines else "(it printed nothing)"
