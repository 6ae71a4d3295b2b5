"""One attempt of one task: folders, downloads, the command under its supervisor, uploads, the outcome."""

import json
import logging
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local.batch_emulator.execution import Failure, Launch, Outcome
from local.batch_emulator.runner.blob_http import Cancelled, Transfers
from local.batch_emulator.runner.images import Image
from local.batch_emulator.runner.layout import Layout
from local.batch_emulator.runner.mounts.attached import Attached
from local.batch_emulator.runner.mounts.stores import Stores
from local.batch_emulator.runner.output_files import upload_output_files
from local.batch_emulator.runner.plan import Plan, container_plan, host_plan
from local.batch_emulator.runner.problems import Problem, disk_problem
from local.batch_emulator.runner.resource_files import fetch_resource_files
from local.batch_emulator.runner.way import Way
from local.batch_emulator.supervisor.job import Job

_PROJECT = Path(__file__).resolve().parents[3]
_BOOT = (
    f"import sys; sys.path.insert(0, {str(_PROJECT)!r}); "
    "from local.batch_emulator.supervisor.program import main; main(sys.argv[1])"
)
_STOP_SECONDS = 60.0
_LOG = logging.getLogger(__name__)


class Runner(Protocol):
    """A way to run commands on this machine."""

    name: str

    def choose(self, image_name: str | None) -> "tuple[Runner, Image | None]":
        """Give who runs an image (None: the node itself), and its files where they are at hand. Raises Problem."""
        ...

    def inside(self, launch: Launch) -> str:
        """Give the node root as commands see it."""
        ...

    def job(self, plan: Plan, scratch: Path) -> Job:
        """Give what the supervisor is to run; `scratch` is an empty folder of the attempt's own. Raises Problem."""
        ...


@dataclass(frozen=True)
class NodeSide:
    """What an attempt needs of its node: a folder for passing files, known storage accounts, what is mounted."""

    scratch: Path
    stores: Stores = field(default_factory=Stores)
    attached: Sequence[Attached] = ()


class Attempt:
    """A running attempt. It works in a thread of its own from the moment it is made."""

    def __init__(self, runner: Runner, launch: Launch, node: NodeSide) -> None:
        """What the attempt puts into the node's scratch folder is removed at its end."""
        self._runner = runner
        self._launch = launch
        self._node = node
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._transfers = Transfers()
        self._outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._work, name=f"task {launch.task_id}", daemon=True)
        self._thread.start()

    def poll(self) -> Outcome | None:
        """Give the outcome, or None while it runs."""
        return None if self._thread.is_alive() else self._outcome

    def stop(self) -> None:
        """Kill everything the attempt started, and return when it is gone."""
        self._stopping.set()
        self._transfers.abort()
        with self._lock:
            process = self._process
        if process is not None:
            process.terminate()
        self._thread.join(_STOP_SECONDS)

    def _work(self) -> None:
        try:
            self._outcome = self._run()
        except Cancelled:
            self._outcome = Outcome(None, Failure("usererror", "TaskEnded", "The task was ended while it ran"))
        except Problem as problem:
            self._outcome = Outcome(None, problem.failure)
        except Exception as error:  # noqa: BLE001  # a thread has nobody to raise to: the task must fail visibly
            _LOG.exception("the runner failed on task %s", self._launch.task_id)
            self._outcome = Outcome(None, Failure("servererror", "Unknown", f"The runner failed: {error!r}"))

    def _run(self) -> Outcome:
        settings = self._launch.task.get("containerSettings")
        runner, image = self._runner.choose(settings["imageName"] if settings else None)
        layout = Layout(self._launch, runner.inside(self._launch))
        try:
            layout.make()
        except OSError as error:
            raise disk_problem(error, "ResourceDirectoryCreateFailed") from error
        way = Way(self._transfers, self._node.stores, self._launch.identities)
        fetch_resource_files(self._launch.task.get("resourceFiles") or (), layout.working, way)
        for each in self._node.attached:
            each.refresh()
        plan = container_plan(layout, image) if settings else host_plan(layout)
        code, container = self._command(runner, plan)
        return self._finish(layout, code, container)

    def _finish(self, layout: Layout, code: int, container: str | None) -> Outcome:
        """Upload, then judge: an exit code of the command weighs more than an upload that failed after it."""
        failure = None if code == 0 else _exit_failure(code)
        way = Way(self._transfers, self._node.stores, self._launch.identities)
        try:
            for each in self._node.attached:
                each.flush()
            upload_output_files(self._launch.task.get("outputFiles") or (), layout, code == 0, way)
        except Problem as problem:
            failure = failure or problem.failure
            (layout.task / "fileuploaderr.txt").write_text(f"{problem.code}: {problem}\n", encoding="utf-8")
        return Outcome(code, failure, container)

    def _command(self, runner: Runner, plan: Plan) -> tuple[int, str | None]:
        self._node.scratch.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="run-", dir=self._node.scratch))
        try:
            job = runner.job(plan, scratch)
            job.write(scratch / "job.json")
            container = scratch.name if plan.image_name else None
            return _answer(self._supervise(scratch / "job.json"), job), container
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _supervise(self, job: Path) -> str:
        with self._lock:
            if self._stopping.is_set():
                raise Cancelled
            process = self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, str(job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
            )
        with process:
            assert process.stdout is not None
            answer = process.stdout.read()
            process.wait()
        if self._stopping.is_set():
            raise Cancelled
        return answer


def _answer(text: str, job: Job) -> int:
    """Give the exit code the supervisor told of. Raises Problem when the command never ran."""
    try:
        told = json.loads(text.strip().rpartition("\n")[2])
    except ValueError as error:
        raise Problem("CommandLaunchFailed", f"{job.argv[0]} could not be supervised: {text.strip()}") from error
    if "error" in told:
        raise Problem(told["error"], told["message"])
    return int(told["exit"])


def _exit_failure(code: int) -> Failure:
    message = "The task exited with an exit code representing a failure"
    details = (("Message", f"The task exited with exit code {code}"),)
    return Failure("usererror", "FailureExitCode", message, details)
