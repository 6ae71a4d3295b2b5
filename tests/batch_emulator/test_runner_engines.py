"""Containers by podman and docker, where they work."""

import os
import shutil
import socket
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.batch_emulator.node import Node, await_start, finished, is_running, make_root, wait_for
from tests.batch_emulator.runners import Executions, executions, make_node

__all__ = ["executions"]

STORED = "localhost/batch-emulator-probe:1"


@pytest.fixture(params=["podman", "docker"])
def node(request: pytest.FixtureRequest, executions: Executions, tmp_path: Path) -> Node:
    """A node whose containers are an engine's."""
    return make_node(executions, request.param, tmp_path)


def test_an_image_of_the_store_runs_by_name(node: Node) -> None:
    """No entry in the file is needed; options, variables, folder and exit code are as everywhere."""
    outcome = node.contain(
        STORED,
        "/bin/sh -c 'echo $COLOUR $SECRET $AZ_BATCH_TASK_ID; pwd; echo x > /batchdrop/f; exit 4'",
        "-v $AZ_BATCH_TASK_WORKING_DIR:/batchdrop -e COLOUR=red",
        environment={"SECRET": "a b\nc", "PATH": "/bin"},
    )
    assert outcome.exit_code == 4, node.text("stderr.txt")
    assert node.text().splitlines() == ["red a b c t", "/mnt/batch/tasks/workitems/job/job-1/t/wd"]
    assert node.text("wd/f") == "x\n"


def test_what_the_engine_refuses_is_no_exit_code(node: Node) -> None:
    """A program that is not in the image never ran."""
    outcome = node.contain(STORED, "/no/such/program")
    assert outcome.exit_code is None
    assert outcome.failure is not None
    assert outcome.failure.code == "CommandProgramNotFound"


def test_an_image_that_nobody_has_cannot_be_pulled(node: Node) -> None:
    """Neither the store nor the file knows it."""
    outcome = node.contain("registry.example/none:1")
    assert outcome.failure is not None
    assert outcome.failure.code == "ContainerInvalidImage"


def test_images_of_the_file_run_as_well(node: Node, tmp_path: Path) -> None:
    """What the engine cannot enter itself goes to another runner."""
    assert node.contain("app", "and more").failure is None
    assert node.text().splitlines()[0] == "words: and more"
    node.add_image("whole:1", make_root(tmp_path / "whole"), base="root", entrypoint=["/bin/cat"], cmd=["/etc/passwd"])
    assert node.contain("whole:1").failure is None, node.text("stderr.txt")
    assert "analyst" in node.text()


def test_stop_ends_the_container(node: Node) -> None:
    """The container is gone with its processes when stop returns, and the next of its kind can begin."""
    mark = f"{uuid.uuid4().int % 10**9 + 10**9}"
    command = f"/bin/sh -c 'echo up; while :; do :; done' {mark}"
    handle = node.start(command, containerSettings={"imageName": STORED})
    wait_for(node.folder / "stdout.txt")
    await_start(mark)
    handle.stop()
    assert not is_running(mark)
    assert finished(handle).exit_code is None
    assert node.contain(STORED, "/bin/sh -c 'echo again'").exit_code == 0


def test_a_stopped_container_is_gone_for_the_engine_and_for_its_runtime(executions: Executions, tmp_path: Path) -> None:
    """Neither podman nor runc lists it any more."""
    node = make_node(executions, "podman", tmp_path)
    if shutil.which("runc") is None:
        pytest.skip("podman runs its containers by something else than runc")
    handle = node.start("/bin/sh -c 'echo up; while :; do :; done'", containerSettings={"imageName": STORED})
    wait_for(node.folder / "stdout.txt")
    ours = ("podman", "ps", "--all", "--quiet", "--no-trunc", "--filter", f"name=batch-emulator-{os.getpid()}-")
    running = listed(*ours)
    assert len(running) == 1
    assert running <= listed("runc", "list", "--quiet")
    handle.stop()
    assert listed(*ours) == set()
    assert not running & listed("runc", "list", "--quiet")


def listed(*words: str) -> set[str]:
    """The ids that a command prints."""
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


def test_storage_on_this_machine_can_be_reached(node: Node) -> None:
    """Containers stand in the host's network unless they are to have none."""
    command = "/bin/sh -c 'while read -r line; do echo \"$line\"; done < /proc/net/tcp'"
    with socket.create_server(("127.0.0.1", 0)) as server:
        listening = f"0100007F:{server.getsockname()[1]:04X} 00000000:0000 0A"
        node.contain(STORED, command)
        assert listening in node.text()
        node.contain(STORED, command, "--network none")
        assert listening not in node.text()
