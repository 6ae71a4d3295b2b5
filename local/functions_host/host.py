"""The host: reads an app, gives each trigger its listener, and ends them in order."""

import logging
import time
from collections.abc import Sequence

from local.functions_host.blob_lease import BlobLease
from local.functions_host.ground import Part
from local.functions_host.indexing import IndexedFunction
from local.functions_host.invoker import Invoker
from local.functions_host.loop import Loop, Step
from local.functions_host.site import Server
from local.signals import Ended

log = logging.getLogger("Host.Startup")

STOPPED = 0
DEFECT = 70
TIMED_OUT = 75
# How long the failures of a broken or timed-out process may take to reach their queues.
_SETTLE_AFTER_FAILURE = 5.0


class Ending:
    """Why and with which exit code the process ends; the first reason counts."""

    def __init__(self) -> None:
        self._codes = Ended[int]()

    def stopped(self) -> None:
        """Somebody asked."""
        self._end(STOPPED)

    def timed_out(self, text: str) -> None:
        """functionTimeout: the process goes, as the real host's worker does."""
        log.critical("%s: this process ends now, start it again", text)
        self._end(TIMED_OUT)

    def defect(self, where: str, error: Exception) -> None:
        """A listener broke: going on with the others would hide it."""
        log.critical("%s broke", where, exc_info=error)
        self._end(DEFECT)

    def wait(self) -> int:
        """Block until one of these; the exit code."""
        return self._codes.wait()

    def _end(self, code: int) -> None:
        self._codes.say(code)


class Locks:
    """The leases of this host, renewed at half time by one loop."""

    def __init__(self, leases: Sequence[BlobLease]) -> None:
        self._leases = leases

    def step(self) -> float:
        """Renew what is held; seconds until the next renewal."""
        for lease in self._leases:
            lease.renew()
        return min((lease.seconds for lease in self._leases), default=60) / 2

    def release(self) -> None:
        """Give everything back."""
        for lease in self._leases:
            lease.release()


class Host:
    """Everything that runs, from the first listener to the last settled message."""

    def __init__(self, functions: Sequence[IndexedFunction], invoker: Invoker, part: Part, server: Server) -> None:
        self.functions = functions
        self._invoker = invoker
        self._part = part
        self._locks = Locks(part.leases)
        self._server = server
        self._loops: list[Loop] = []

    @property
    def url(self) -> str:
        """Where HTTP functions, webhooks and `/admin` answer."""
        return self._server.url

    def start(self, ending: Ending) -> None:
        """Start the loop of each listener, then the server."""
        self._invoker.open()
        steps = [Step("Host.Locks", self._locks.step), *self._part.steps]
        self._loops = [Loop(step, ending.defect) for step in steps]
        for loop in self._loops:
            loop.start()
        self._server.start()

    def stop(self, grace: float, exit_code: int) -> None:
        """Take nothing new; let what runs end and be settled within the grace."""
        if exit_code != STOPPED:
            grace = min(grace, _SETTLE_AFTER_FAILURE)
        end = time.monotonic() + grace
        for loop in self._loops:
            loop.stop()
        self._server.stop(end - time.monotonic())
        # Before the drains: a listener that is just receiving may begin one more run.
        for loop in self._loops:
            loop.join(end - time.monotonic())
        if exit_code == STOPPED and not self._invoker.drain(end - time.monotonic()):
            log.warning("%d functions still run after %g s and are cut off", self._invoker.running, grace)
        for queue in self._part.queues:
            queue.drain(end - time.monotonic())
        self._locks.release()
