"""Picks the means of running tasks: the first that really runs a command with a bound folder on this machine."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from local.batch_emulator.execution import Launch, Outcome
from local.batch_emulator.runner.attempt import Attempt, Runner
from local.batch_emulator.runner.images import ImageFile
from local.batch_emulator.runner.isolated import BubblewrapRunner, UnshareRunner
from local.batch_emulator.runner.node_execution import NodeExecution
from local.batch_emulator.runner.plain import ProcessRunner

VARIABLE = "BATCH_EMULATOR_RUNNER"
_PROBE_SECONDS = 30.0
_LOOK_EVERY = 0.01
_WORD = "probe"


class NoRunner(Exception):
    """The means that was asked for does not work here; the text says why."""


def choose_execution(images: Path | None, data: Path, runner: str | None = None) -> NodeExecution:
    """Give the execution for a machine.

    `images` is the file of images (see images.py), `data` a folder for passing files. `runner` (or the environment's
    BATCH_EMULATOR_RUNNER) forces podman, docker, bwrap, unshare or process. Raises NoRunner when that one does not
    work.
    """
    wanted = runner or os.environ.get(VARIABLE) or None
    file = ImageFile(images)
    if wanted is None:
        return NodeExecution(next(found for found, why in _working(file, data) if why is None), data)
    if wanted not in _CANDIDATES:
        raise NoRunner(f"{VARIABLE}={wanted} is not one of {', '.join(_CANDIDATES)}")
    tried = list(_try(wanted, file, data))
    for found, why in tried:
        if why is None:
            return NodeExecution(found, data)
    raise NoRunner(f"{VARIABLE}={wanted} does not work here: {'; '.join(str(why) for _, why in tried)}")


def _working(images: ImageFile, data: Path) -> Iterator[tuple[Runner, str | None]]:
    for name in _CANDIDATES:
        yield from _try(name, images, data)


def _try(name: str, images: ImageFile, data: Path) -> Iterator[tuple[Runner, str | None]]:
    for candidate in _CANDIDATES[name](images):
        yield candidate, _probe(candidate, data)


def _unshare(images: ImageFile) -> Iterator[Runner]:
    yield UnshareRunner(images, overlay=True)
    yield UnshareRunner(images, overlay=False)


def _bubblewrap(images: ImageFile) -> Iterator[Runner]:
    program = shutil.which("bwrap")
    if program is not None:
        yield BubblewrapRunner(images, program)


_CANDIDATES: Mapping[str, Callable[[ImageFile], Iterator[Runner]]] = {
    "bwrap": _bubblewrap,
    "unshare": _unshare,
    "process": lambda images: iter((ProcessRunner(images),)),
}


def _probe(runner: Runner, data: Path) -> str | None:
    """Run a tiny task as tasks are run. Gives None when it wrote through its bound folder, else what went wrong."""
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="probe-", dir=data) as folder:
        launch = _probe_launch(Path(folder) / "node")
        outcome = _finished(Attempt(runner, launch, Path(folder) / "scratch"))
        written = launch.node_root / "workitems/probe/job-1/probe/wd/written"
        if outcome is None:
            return f"{runner.name}: no end after {_PROBE_SECONDS:g} s"
        if outcome.failure is not None:
            return f"{runner.name}: {outcome.failure.message}"
        return None if written.is_file() else f"{runner.name}: what the command wrote did not arrive"


def _probe_launch(root: Path) -> Launch:
    return Launch(
        kind="task",
        account=_WORD,
        account_url="https://probe",
        pool_id=_WORD,
        node_id=_WORD,
        dedicated=True,
        node_root=root,
        job_id=_WORD,
        task_id=_WORD,
        attempt=0,
        task={"commandLine": "/bin/sh -c 'touch \"$AZ_BATCH_TASK_WORKING_DIR/written\"'"},
        environment={},
        container_configuration=None,
        has_job_preparation=False,
    )


def _finished(attempt: Attempt) -> Outcome | None:
    deadline = time.monotonic() + _PROBE_SECONDS
    while time.monotonic() < deadline:
        outcome = attempt.poll()
        if outcome is not None:
            return outcome
        time.sleep(_LOOK_EVERY)
    attempt.stop()
    return None
