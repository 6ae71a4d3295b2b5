"""Azurite: it keeps what it acknowledged, and nothing is left of it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local import azurite as azurite_module
from local.azurite import Azurite, start_azurite
from local.lock import Busy, take
from local.node import Node, find_node
from local.program import NotReady

pytestmark = pytest.mark.stack
CHECKOUT = Path(azurite_module.__file__).resolve().parent.parent


def exists(pid: int) -> bool:
    """Whether a process runs (one that has ended but was not collected yet does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while exists(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not exists(pid)


def test_common_clients_work_with_the_connection_string(azurite: Azurite) -> None:
    """The connection string alone is enough for the storage SDKs as they are."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        container = blobs.create_container("azurite-clients")
        container.upload_blob("a/b.txt", b"hello")
        assert container.download_blob("a/b.txt").readall() == b"hello"
        container.delete_container()
    with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
        queue = queues.create_queue("azurite-clients")
        queue.send_message("hi")
        assert [message.content for message in queue.receive_messages()] == ["hi"]
        queue.delete_queue()


def test_a_stop_keeps_the_data(tmp_path: Path) -> None:
    """What was uploaded just before a stop is there after the next start on the same folder."""
    with (
        start_azurite(tmp_path) as first,
        BlobServiceClient.from_connection_string(first.connection_string) as blobs,
    ):
        blobs.create_container("kept").upload_blob("x", b"1")
    assert not exists(first.pid)
    with (
        start_azurite(tmp_path) as again,
        BlobServiceClient.from_connection_string(again.connection_string) as blobs,
    ):
        assert blobs.get_blob_client("kept", "x").download_blob().readall() == b"1"


def test_it_ends_with_a_killed_starter(tmp_path: Path) -> None:
    """A starter that is killed outright leaves no Azurite behind."""
    code = (
        "import sys, time; from pathlib import Path; from local.azurite import start_azurite\n"
        "with start_azurite(Path(sys.argv[1])) as it:\n    print(it.pid, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert exists(pid)
        os.kill(starter.pid, signal.SIGKILL)
    assert gone_within(pid, 10)


def test_a_taken_port_is_an_error(tmp_path: Path, azurite: Azurite) -> None:
    """Asking for a port that is in use fails with what Azurite said about it."""
    taken = int(azurite.blob_endpoint.split(":")[2].split("/")[0])
    ports = azurite_module.AzuritePorts(blob=taken)
    with pytest.raises(NotReady, match="EADDRINUSE"), start_azurite(tmp_path, ports):
        pass


def test_a_folder_serves_one_at_a_time(tmp_path: Path) -> None:
    """A folder in use is locked until its Azurite has ended."""
    with start_azurite(tmp_path), pytest.raises(Busy):
        take(tmp_path / ".lock")
    take(tmp_path / ".lock").close()


def write_npm(folder: Path, body: str) -> Node:
    """An npm that is a shell script, to see what the installation asks of it."""
    npm = folder / "npm"
    npm.write_text("#!/bin/sh\n" + body)
    npm.chmod(0o755)
    return Node(executable=shutil.which("sh") or "sh", npm=(str(npm),))


def test_an_install_that_was_cut_short_is_redone(tmp_path: Path) -> None:
    """A half-made installation is thrown away and made again; a whole one is left alone."""
    half = tmp_path / "tools" / "azurite" / "node_modules" / "half"
    half.mkdir(parents=True)
    npm = write_npm(tmp_path, 'echo "$@" >> calls.txt\n')
    azurite_module.install_azurite(npm, tmp_path / "tools")
    azurite_module.install_azurite(npm, tmp_path / "tools")
    assert not half.exists()
    calls = (tmp_path / "tools" / "azurite" / "calls.txt").read_text().splitlines()
    assert len(calls) == 1
    assert calls[0].endswith("azurite@3.37.0")


def test_a_failing_install_says_why_and_leaves_no_mark(tmp_path: Path) -> None:
    """When npm fails, its words reach the person, and the next start tries again."""
    npm = write_npm(tmp_path, "echo no route to it >&2; exit 3\n")
    with pytest.raises(RuntimeError, match="no route to it"):
        azurite_module.install_azurite(npm, tmp_path / "tools")
    assert not (tmp_path / "tools" / "azurite" / ".complete").exists()


def test_an_install_without_end_is_ended(tmp_path: Path) -> None:
    """npm that never answers does not hold up whoever waits for Azurite."""
    npm = write_npm(tmp_path, "exec sleep 600\n")
    with pytest.raises(RuntimeError, match=r"within 0\.2 s: it waits for its registry"):
        azurite_module.install_azurite(npm, tmp_path / "tools", patience=0.2)
    assert not (tmp_path / "tools" / "azurite" / ".complete").exists()


def test_node_is_found() -> None:
    """The Node.js that is found really runs."""
    said = subprocess.run([find_node(azurite_module.TOOLS).executable, "-p", "6*7"], capture_output=True, check=True)
    assert said.stdout.strip() == b"42"
