"""Tries a runner: a tiny task, run as tasks are run, that writes through a bound folder."""

import os
import re
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from local.batch_emulator.execution import Launch, Outcome
from local.batch_emulator.runner.attempt import Attempt, NodeSide, Runner
from local.batch_emulator.runner.engine import Engine

PROBE_IMAGE = "localhost/batch-emulator-probe:1"
_SECONDS = 30.0
_LOOK_EVERY = 0.01
_WORD = "probe"
_SHELL = "/bin/sh"
_LIBRARY = re.compile(r"(/\S+)")


def probe(runner: Runner, data: Path, image: str | None = None) -> str | None:
    """Give None when a task (in a container of `image`, or on the node) wrote what it should, else what went wrong."""
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="probe-", dir=data) as folder:
        place = Path(folder).resolve()
        launch = _launch(place / "node", image)
        outcome = _finished(Attempt(runner, launch, NodeSide(place / "scratch")))
        task = launch.node_root / "workitems/probe/job-1/probe"
        if outcome is None:
            return f"{runner.name}: no end after {_SECONDS:g} s"
        if outcome.failure is not None:
            said = (task / "stderr.txt").read_text(encoding="utf-8", errors="replace") if task.is_dir() else ""
            return f"{runner.name}: {' '.join([outcome.failure.message, *said.split()])}"
        return None if (task / "wd/written").is_file() else f"{runner.name}: what the command wrote did not arrive"


def import_probe_image(engine: Engine, data: Path) -> bool:
    """Give whether the engine's store has an image with this machine's shell in it, after making one if need be."""
    if engine.has_image(PROBE_IMAGE):
        return True
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="probe-", dir=data) as folder:
        archive = Path(folder) / "shell.tar"
        with tarfile.open(archive, "w", dereference=True) as tar:
            for file in [_SHELL, *_libraries()]:
                tar.add(file, arcname=file.lstrip("/"))
        return engine.import_image(archive, PROBE_IMAGE)


def _libraries() -> list[str]:
    listed = subprocess.run(["ldd", _SHELL], capture_output=True, text=True, check=False).stdout
    return sorted({found for found in _LIBRARY.findall(listed) if os.path.isfile(found)})


def _launch(root: Path, image: str | None) -> Launch:
    script = ': > "$AZ_BATCH_TASK_WORKING_DIR/written"'
    settings = {} if image is None else {"containerSettings": {"imageName": image}}
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
        task={"commandLine": f"{_SHELL} -c '{script}'", **settings},
        environment={},
        container_configuration=None,
        has_job_preparation=False,
    )


def _finished(attempt: Attempt) -> Outcome | None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        outcome = attempt.poll()
        if outcome is not None:
            return outcome
        time.sleep(_LOOK_EVERY)
    attempt.stop()
    return None
