"""Timer triggers: one listener for each, alone by a lease, never two runs at once."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import AzureError
from azure.functions.meta import Datum

from local.functions_host.blob_lease import BlobLease
from local.functions_host.indexing import IndexedFunction
from local.functions_host.invocation import Call
from local.functions_host.invoker import Invoker
from local.functions_host.schedule import Schedule
from local.functions_host.timer_status import TimerMonitor, TimerStatus

log = logging.getLogger("Host.Timers")
_LOOK_EVERY = 1.0


@dataclass(frozen=True)
class Timer:
    """A timer function with its schedule; without a monitor nothing is past due."""

    function: IndexedFunction
    schedule: Schedule
    monitor: TimerMonitor | None
    run_on_startup: bool

    def call(self, status: TimerStatus | None, is_past_due: bool, reason: str) -> Call:
        """A call with the payload of the real host."""
        payload = {
            "Schedule": {"AdjustForDST": self.schedule.adjusts_for_dst},
            "ScheduleStatus": status.document() if status else None,
            "IsPastDue": is_past_due,
        }
        return Call(self.function, reason, Datum(json.dumps(payload), "json"))

    def call_by_hand(self) -> Call:
        """A call that does not touch the schedule."""
        status = self.monitor.read() if self.monitor else None
        return self.call(status, False, "This function was called by the host API.")


class TimerListener:
    """Fires one timer while its lock is held; `step` waits, runs, or tries to get the lock."""

    def __init__(
        self, timer: Timer, lock: BlobLease, invoker: Invoker, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._timer = timer
        self._lock = lock
        self._invoker = invoker
        self._clock = clock or (lambda: datetime.now(UTC))
        self._due: datetime | None = None
        self._status: TimerStatus | None = None

    def step(self) -> float:
        """Seconds until the next step."""
        if not self._lock.held:
            self._due = None
            if not self._lock.acquire():
                return self._lock.seconds / 4
        if self._due is None:
            self._arm()
            return 0.0
        wait_for = (self._due - self._clock()).total_seconds()
        if wait_for > 0:
            # Short steps, so that a lost lock is noticed before the next occurrence.
            return min(wait_for, _LOOK_EVERY)
        self._fire(max(self._clock(), self._due), is_past_due=False)
        return 0.0

    def _arm(self) -> None:
        """The start of the listener: run what was missed, then wait for the next occurrence."""
        now, timer = self._clock(), self._timer
        due, past_due = timer.schedule.next(now), False
        if timer.monitor is not None:
            self._status, past_due = timer.monitor.begin(now)
            due = self._status.next
        self._due = due
        if past_due or timer.run_on_startup:
            self._fire(now, past_due)

    def _fire(self, at: datetime, is_past_due: bool) -> None:
        """Run to the end. A run that outlasts the next occurrences is followed by one, not by all of them."""
        reason = "Timer fired at " + at.isoformat() + (" (past due)" if is_past_due else "")
        wait([self._invoker.start(self._timer.call(self._status, is_past_due, reason))])
        self._due = self._timer.schedule.next(at)
        if self._timer.monitor is not None:
            try:
                self._status = self._timer.monitor.ran(at)
            except AzureError as error:
                log.warning("the status of %s was not written: %s", self._timer.function.name, error)
