"""A thread that does one step again and again until it is stopped: the body of every listener."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError, DeserializationError

_AFTER_ERROR = 5.0


@dataclass(frozen=True)
class Step:
    """What a loop does each time; `run` answers how many seconds to wait, setting `waker` ends the wait."""

    name: str
    run: Callable[[], float]
    waker: threading.Event = field(default_factory=threading.Event)


class Loop:
    """Runs a step until stopped.

    Storage errors are logged and tried again; any other error is a defect of the host and reported to `on_defect`.
    """

    def __init__(self, step: Step, on_defect: Callable[[str, Exception], None]) -> None:
        self._step = step
        self._on_defect = on_defect
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=step.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after the step it is in."""
        self._stopping = True
        self._step.waker.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; False when the time was not enough."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping:
            self._step.waker.clear()
            try:
                pause = self._step.run()
            except (AzureError, DeserializationError) as error:  # the second: an answer that broke off in its head
                log = logging.getLogger(self._step.name)
                log.warning("storage said no, trying again in %g s: %s", _AFTER_ERROR, error)
                pause = _AFTER_ERROR
            except Exception as error:  # noqa: BLE001 - a listener that dies in silence would look like an idle one
                self._on_defect(self._step.name, error)
                return
            if not self._stopping:
                self._step.waker.wait(pause)
