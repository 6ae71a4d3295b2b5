"""The Functions host of a stack: alone killable, and started again when it dies."""

import threading
import time
from collections.abc import Callable

from local.program import NotReady, Program
from local.stack.host_program import HostProgram

_LOOK_EVERY = 0.2
_LONGEST_PAUSE = 10.0


class Host:
    """Keeps one host program running between `start` and `stop`, from a thread of its own."""

    def __init__(self, program: HostProgram, say: Callable[[str], None], *, keep: bool = True) -> None:
        self._factory = program
        self._say = say
        self._keep = keep
        self._program: Program | None = None
        # Held while the program is exchanged: a person and the watching thread may both want to.
        self._exchange = threading.RLock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id of the running host, else None."""
        program = self._program
        return program.pid if program and program.exit_code is None else None

    def start(self) -> None:
        """Start it and wait until it is ready. Raises NotReady."""
        self._program = self._factory.start()
        self._watcher.start()

    def stop(self) -> None:
        """End it by SIGTERM, for good."""
        self._stopping.set()
        with self._exchange:
            if self._program:
                self._program.stop()
        if self._watcher.ident:
            self._watcher.join()

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would. Where it is kept, it comes back by itself."""
        with self._exchange:
            if self._program:
                self._program.kill()

    def restart(self) -> None:
        """Kill it if it runs, and start it again; returns when it is ready. Raises NotReady."""
        with self._exchange:
            self.kill()
            self._program = self._factory.start()

    def _watch(self) -> None:
        pause = 1.0
        while not self._stopping.wait(_LOOK_EVERY):
            if not self._keep or self._program is None or self._program.exit_code is None:
                continue
            began = time.monotonic()
            self._say(f"functions host ended with {self._program.exit_code}: starting it again")
            if not self._bring_back():
                self._stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._say(f"functions host is back after {time.monotonic() - began:.1f} s (process {self.pid})")
                pause = 1.0

    def _bring_back(self) -> bool:
        with self._exchange:
            if self._stopping.is_set() or self.pid is not None:
                return True
            try:
                self._program = self._factory.start()
            except NotReady as error:
                self._say(str(error))
                return False
            return True
