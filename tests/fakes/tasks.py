"""A task of the fake Batch account: it waits, runs a Python function, repeats it on nonzero exits, ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.ports import FailedTask
from shared.specs import TaskSpec


@dataclass(frozen=True)
class TaskEnd:
    """How a run of a task ended; the default is success. Without an exit code the platform failed: never repeated."""

    exit_code: int | None = 0
    category: str = ""
    code: str = ""
    message: str = ""

    @property
    def success(self) -> bool:
        return self.exit_code == 0 and not self.code


@dataclass
class FakeTask:
    """`runs` counts runs since it was added or reactivated."""

    spec: TaskSpec
    running: bool = False
    node: str = "node-1"
    started: datetime | None = None
    runs: int = 0
    ends: int = 0
    """How often it has ended, whatever was reactivated."""
    end: TaskEnd | None = None
    ended: datetime | None = None

    def begin(self, node: str, now: datetime) -> None:
        self.running, self.node, self.started = True, node, now

    def run(self, program: Callable[[TaskSpec], TaskEnd], now: datetime) -> None:
        while self.end is None:
            self.runs += 1
            end = program(self.spec)
            again = end.exit_code not in (0, None) and not end.code and self.runs <= self.spec.max_retries
            self.end = None if again else end
        self.ends += 1
        self.running, self.ended = False, now + timedelta(microseconds=self.ends)


def failed_task(task: FakeTask, end: TaskEnd) -> FailedTask:
    """As the service words it; a nonzero exit is `FailureExitCode`."""
    code = end.code or "FailureExitCode"
    message = end.message or "The task exited with an exit code representing a failure"
    category = end.category or "usererror"
    return FailedTask(task.spec.id, end.exit_code, category, code, message, max(task.runs, 1), task.node, task.ended)
