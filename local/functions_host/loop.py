"""A thread that does one step again and again until it is stopped: the body of every listener."""

import logging
import threading
from collections.abc import Callable

from azure.core.exceptions import AzureError

_AFTER_ERROR = 5.0


class Loop:
    """Calls `step` until stopped; a step answers how many seconds to wait before the next.

    Storage errors are logged and tried again; any other error is a defect of the host and reported to `on_defect`.
    """

    def __init__(self, name: str, step: Callable[[], float], on_defect: Callable[[str, Exception], None]) -> None:
        self.name = name
        self._step = step
        self._on_defect = on_defect
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after the step it is in."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; False when the time was not enough."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                pause = self._step()
            except AzureError as error:
                logging.getLogger(self.name).warning("storage said no, trying again in %g s: %s", _AFTER_ERROR, error)
                pause = _AFTER_ERROR
            except Exception as error:  # noqa: BLE001 - a listener that dies in silence would look like an idle one
                self._on_defect(self.name, error)
                return
