"""Tasks as Python functions: an execution without processes, for tests and for programs that embed the emulator."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from local.batch_emulator.execution import Execution, Handle, Launch, Outcome

Program = Callable[[Launch], int | Outcome | None]
"""What a task does. It is called at each poll until it gives an exit code, or an Outcome for failures of other kinds;
None means that it still runs."""


class CallableExecution(Execution):
    """Runs every task, job preparation task and start task by calling `program` with its launch.

    The folders of the tasks are real: stdout.txt, stderr.txt and wd/ are there before the first call. Input and output
    files are the program's own business. It is called under the emulator's lock, by whoever ticks, so it must not call
    the emulator. A raised exception comes out of that tick.
    """

    name = "callables"

    def __init__(self, program: Program) -> None:
        self._program = program
        self._lock = Lock()
        self.running: list[Launch] = []

    def start(self, launch: Launch) -> Handle:
        """Prepare the folder; the first poll makes the first call."""
        folder = self.task_directory(launch)
        (folder / "wd").mkdir(parents=True, exist_ok=True)
        for name in ("stdout.txt", "stderr.txt"):
            (folder / name).touch()
        self.running.append(launch)
        return _Call(self, self._program, launch)

    def task_directory(self, launch: Launch) -> Path:
        """Give the folder of a task, of a preparation task, or `startup` for a start task."""
        if launch.job_id is None:
            return launch.node_root / "startup"
        return launch.node_root / "workitems" / launch.job_id / "job-1" / str(launch.task_id)

    def forget(self, launch: Launch) -> None:
        """Note that a run has ended."""
        with self._lock:
            self.running = [each for each in self.running if each is not launch]

    def close(self) -> None:
        """Call no program again."""
        self.running.clear()


class _Call(Handle):
    def __init__(self, execution: CallableExecution, program: Program, launch: Launch) -> None:
        self._execution = execution
        self._program = program
        self._launch = launch
        self._outcome: Outcome | None = None

    def poll(self) -> Outcome | None:
        if self._outcome is None:
            found = self._program(self._launch)
            self._outcome = Outcome(found, None) if isinstance(found, int) else found
            if self._outcome is not None:
                self._execution.forget(self._launch)
        return self._outcome

    def stop(self) -> None:
        self._execution.forget(self._launch)
