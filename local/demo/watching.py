"""Following a job by its status file."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.demo.ground import Ground
from local.demo.status import Status
from local.demo.work import MANIFEST, Broken
from local.stack import Stack

_LOOK_EVERY = 0.4


@dataclass
class Disturbance:
    """Something that is done to the running job once, `after` seconds from the drop."""

    after: float
    option: str
    act: Callable[[], None]
    done: bool = False


@dataclass
class Watch:
    """Follows the one job of the demo and prints each change; `started` is when its manifest was dropped."""

    stack: Stack
    ground: Ground
    say: Callable[[str], None]
    patience: float
    disturbances: list[Disturbance]
    started: float = field(default_factory=time.monotonic)
    _last: str = ""

    def until(self, reached: Callable[[Status], bool], what: str) -> Status:
        """The first status for which `reached` holds. Raises Broken when patience or a service ends before."""
        while True:
            self._disturb()
            status = self._look()
            if status and reached(status):
                return status
            self._check(what)
            time.sleep(_LOOK_EVERY)

    @property
    def elapsed(self) -> float:
        """Seconds since the manifest was dropped."""
        return time.monotonic() - self.started

    def tell(self, line: str) -> None:
        """Print a line under the time of the job."""
        self.say(f"{self.elapsed:6.1f} s  {line}")

    def _look(self) -> Status | None:
        content = self.ground.download(f"status/{MANIFEST}.json")
        if content is None:
            return None
        status = Status.read(json.loads(content))
        if status.line() != self._last:
            self._last = status.line()
            self.tell(self._last)
        return status

    def _disturb(self) -> None:
        for disturbance in self.disturbances:
            if not disturbance.done and self.elapsed >= disturbance.after:
                disturbance.done = True
                self.tell(f"{disturbance.option} {disturbance.after:g}")
                disturbance.act()

    def _check(self, what: str) -> None:
        ended = self.stack.ended()
        if ended:
            raise Broken(ended)
        if self.elapsed > self.patience:
            raise Broken(f"the job was not {what} after {self.patience:g} s; its last status: {self._last or 'none'}")
