"""One emulated account, in process: its state, its progress, its WSGI application."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import RLock

from local.batch_emulator import allocation, deeds, ending, preparing, releasing, running, scaling, scheduling
from local.batch_emulator.admin import Admin
from local.batch_emulator.application import Application
from local.batch_emulator.clock import Clock
from local.batch_emulator.execution import Execution
from local.batch_emulator.failures import BatchError
from local.batch_emulator.operations.jobs import note_counts
from local.batch_emulator.script import Script, Step
from local.batch_emulator.world import Quota, Settings, World

DEVELOPMENT_ACCOUNT = "devbatchaccount"
# Published on purpose, as the development keys of other emulators are: it guards nothing.
DEVELOPMENT_KEY = "RGV2ZWxvcG1lbnQga2V5IG9mIHRoZSBsb2NhbCBCYXRjaCBlbXVsYXRvciwga25vd24gdG8gYWxsLiBHdWFyZHMgbm90aGluZy4="

_LOG = logging.getLogger(__name__)
_STEP = timedelta(seconds=5)


class Emulator:
    """An emulated Batch account.

    Nothing moves by itself: `tick` does everything that is due by the clock; `advance` moves the clock and ticks on
    the way. `script` holds what is to happen by itself. `app` is the WSGI application. All of it may be used from any
    thread. `close` ends every task.
    """

    def __init__(
        self,
        account: str,
        key: str,
        execution: Execution,
        clock: Clock,
        *,
        settings: Settings | None = None,
        quota: Quota | None = None,
        url: str = "",
        admin: bool = True,
        script: Sequence[Step] = (),
    ) -> None:
        self._own_data = None if settings else mkdtemp(prefix="batch-emulator-")
        settings = settings or Settings(data=Path(str(self._own_data)))
        url = url or f"http://{account}.batch.localhost"
        self.world = World(account, url, clock, execution, settings, quota=quota or Quota())
        self.lock = RLock()
        self.script = Script()
        self.script.add(script, self.world.now())
        admin_api = Admin(self.world, self.script, self.advance) if admin else None
        self.app = Application(self.world, key, self.lock, admin_api, self._begin_call)
        self._closed = False

    def tick(self) -> None:
        """Do what is due: boots, preparations, ends of runs, ends of jobs, autoscale, new tasks on free slots."""
        with self.lock:
            if self._closed:
                return
            now = self.world.now()
            self._carry_out(self.script.due(now))
            allocation.advance(self.world, now)
            preparing.watch(self.world, now)
            running.watch(self.world, now)
            releasing.watch(self.world, now)
            ending.advance(self.world, now)
            scaling.advance(self.world, now)
            allocation.advance(self.world, now)
            scheduling.assign(self.world, now)
            if self.world.faults.count_lag:
                for job in self.world.account.jobs.values():
                    note_counts(job, now)

    def _begin_call(self, operation: str) -> None:
        self._carry_out(self.script.called(operation))

    def _carry_out(self, steps: Sequence[Step]) -> None:
        for step in steps:
            try:
                deeds.carry_out(self.world, step.deed, step.body, self.world.now())
            except BatchError as error:
                _LOG.warning("the script's step %s could not be done: %s", step, error)

    def advance(self, span: timedelta) -> None:
        """Move the clock on by `span`, in steps of at most 5 s, with a tick after each."""
        with self.lock:
            self.tick()
            while span > timedelta(0):
                step = min(span, _STEP)
                self.world.clock.advance(step)
                span -= step
                self.tick()

    def close(self) -> None:
        """End every task and let go of the execution; after this nothing moves any more."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            self.world.execution.close()
        self.world.trash.close()
        if self._own_data:
            rmtree(self._own_data, ignore_errors=True)
        _LOG.info("batch emulator closed")
