"""The supervisor by itself: roots that are built while the host changes."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.batch_emulator.runner.images import ImageFile
from local.batch_emulator.runner.isolated import UnshareRunner
from local.batch_emulator.runner.layout import Layout
from local.batch_emulator.runner.plan import host_plan
from local.batch_emulator.supervisor.job import Job, Mount, read_job
from tests.batch_emulator.node import Node
from tests.batch_emulator.runners import Executions, executions, make_node

__all__ = ["executions"]


@pytest.fixture
def node(executions: Executions, tmp_path: Path) -> Node:
    """A node of the runner that builds roots by itself."""
    return make_node(executions, "unshare", tmp_path)


def planned(node: Node, command: str, scratch: Path) -> Job:
    """Give the job of a command on the node."""
    launch = node.launch(command)
    runner = UnshareRunner(ImageFile(None), overlay=True)
    layout = Layout(launch, runner.inside(launch))
    layout.make()
    return runner.job(host_plan(layout), scratch)


def supervise(job: Job, folder: Path) -> dict[str, Any]:
    """Run a job and give what the supervisor tells in the end."""
    job.write(folder / "job.json")
    words = [sys.executable, "-m", "local.batch_emulator.supervisor.program", str(folder / "job.json")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told: dict[str, Any] = json.loads(process.stdout.read())
        return told


@pytest.mark.parametrize("kind", ["bind", "overlay"])
def test_what_vanished_from_the_host_is_left_out(node: Node, tmp_path: Path, kind: Any) -> None:
    """Folders of the host may go between the plan and its execution; the command runs without them."""
    job = planned(node, "/bin/sh -c 'ls -d /gone /usr'", tmp_path)
    assert job.mounts is not None
    gone = Mount(kind, "/gone", (str(tmp_path / "gone"),), optional=True)
    assert supervise(replace(job, mounts=(gone, *job.mounts)), tmp_path)["exit"] == 2
    assert node.text() == "/usr\n"


def test_what_was_asked_for_must_be_there(node: Node, tmp_path: Path) -> None:
    """A bind of the task itself that is missing prevents the command, by name."""
    job = planned(node, "/bin/true", tmp_path)
    assert job.mounts is not None
    missing = Mount("bind", "/wanted", (str(tmp_path / "missing"),))
    told = supervise(replace(job, mounts=(*job.mounts, missing)), tmp_path)
    assert str(tmp_path / "missing") in told["message"]


def test_a_job_is_read_once_and_by_its_owner_only(node: Node, tmp_path: Path) -> None:
    """Environments hold secrets: the file is closed to others and gone once it was read."""
    file = tmp_path / "job.json"
    job = planned(node, "/bin/true", tmp_path)
    job.write(file)
    assert file.stat().st_mode & 0o077 == 0
    assert read_job(str(file)) == job
    assert not file.exists()
