"""One node of a pool, in the hands of a runner: run a command, look at what it left."""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local.batch_emulator.execution import Handle, Launch, Outcome
from local.batch_emulator.runner.node_execution import NodeExecution

PATIENCE = 30.0


@dataclass
class Node:
    """A node's folder and the execution that fills it."""

    execution: NodeExecution
    root: Path
    images: Path
    app: Path

    def launch(
        self,
        command: str,
        *,
        task_id: str = "t",
        kind: Literal["task", "jobpreparation", "start"] = "task",
        environment: Mapping[str, str] | None = None,
        job_preparation: bool = False,
        **task: Any,
    ) -> Launch:
        """Give the launch of a command line; more words are properties of the task's wire body."""
        return Launch(
            kind=kind,
            account="acct",
            account_url="https://acct.region.batch.azure.com",
            pool_id="pool-1",
            node_id="tvm-1",
            dedicated=False,
            node_root=self.root,
            job_id=None if kind == "start" else "job",
            task_id=task_id if kind == "task" else None,
            attempt=0,
            task={"commandLine": command, **task},
            environment=environment or {},
            container_configuration=None,
            has_job_preparation=job_preparation,
        )

    def start(self, command: str, **more: Any) -> Handle:
        """Start a command."""
        return self.execution.start(self.launch(command, **more))

    def run(self, command: str, **more: Any) -> Outcome:
        """Run a command to its end."""
        return finished(self.start(command, **more))

    def contain(self, image: str, command: str = "", options: str = "", **more: Any) -> Outcome:
        """Run a command in a container to its end; settings go in as `settings`."""
        settings = {"imageName": image, "containerRunOptions": options, **more.pop("settings", {})}
        return self.run(command, containerSettings=settings, **more)

    @property
    def isolated(self) -> bool:
        """Whether commands have a root folder of their own."""
        return self.execution.name != "process"

    @property
    def folder(self) -> Path:
        """The folder of task `t`."""
        return self.root / "workitems/job/job-1/t"

    @property
    def seen_root(self) -> str:
        """What commands call the node root."""
        return "/mnt/batch/tasks" if self.isolated else str(self.root)

    def text(self, name: str = "stdout.txt") -> str:
        """Give a file of the task's folder."""
        return (self.folder / name).read_text(encoding="utf-8")

    def add_image(self, name: str, root: Path, **fields: Any) -> None:
        """Put an image into the file."""
        known = json.loads(self.images.read_text())["images"] if self.images.exists() else {}
        known[name] = {"root": str(root), "base": "host", **fields}
        self.images.write_text(json.dumps({"images": known}))


def finished(handle: Handle) -> Outcome:
    """Wait for the outcome of a run."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        outcome = handle.poll()
        if outcome is not None:
            return outcome
        time.sleep(0.005)
    raise AssertionError("the run did not end")


def wait_for(path: Path) -> None:
    """Wait until a file is there and not empty."""
    deadline = time.monotonic() + PATIENCE
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.005)


def is_running(mark: str) -> bool:
    """Give whether any process of this machine has the mark among its words."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            return True
    return False


def await_start(mark: str) -> None:
    """Wait until a process has the mark among its words."""
    deadline = time.monotonic() + PATIENCE
    while not is_running(mark):
        assert time.monotonic() < deadline, f"{mark} does not run"
        time.sleep(0.01)


def await_end(mark: str) -> None:
    """Wait until no process has the mark among its words."""
    deadline = time.monotonic() + PATIENCE
    while is_running(mark):
        assert time.monotonic() < deadline, f"{mark} still runs"
        time.sleep(0.01)


def write_script(path: Path, text: str) -> None:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def make_root(folder: Path) -> Path:
    """Make a complete, tiny root file system: this machine's sh, cat, id and what they need."""
    for program in ("sh", "cat", "id", "touch"):
        source = Path(str(shutil.which(program)))
        for file in [source, *_libraries(source)]:
            target = folder / str(file).lstrip("/") if file != source else folder / "bin" / program
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy(file, target)
    (folder / "etc").mkdir()
    (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nanalyst:x:1234:1234::/:/bin/sh\n")
    return folder


def _libraries(program: Path) -> list[Path]:
    words = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout.split()
    return [Path(word) for word in words if word.startswith("/")]
