"""`python -m local.stack`: one runs, everybody can see and stop it, and nothing stays behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local.stack.announcement import EXAMPLE
from local.stack.layout import CHECKOUT
from local.stack.running import Running, claim, end, find, tell

pytestmark = pytest.mark.stack
APP = Path(__file__).parent / "app"
STACK = [sys.executable, "-m", "local.stack"]


def run(verb: str, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """One command, to its end."""
    command = [*STACK, verb, "--folder", str(folder), *more]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)


def children(pid: int) -> set[int]:
    """The running programs that a process has started."""
    return {int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()}


def gone(pids: set[int], seconds: float = 20) -> bool:
    """Whether all of them end in time."""
    end_of_wait = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end_of_wait:
        time.sleep(0.1)
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@contextmanager
def up(folder: Path, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """`up` in the background, until it has announced itself."""
    command = [*STACK, "up", "--folder", str(folder), "--app", str(APP), *more]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            assert program.stdout is not None
            read_to(program, "Changes of jobs")
            yield program
        finally:
            program.terminate()
            program.wait(120)  # Azurite alone is given a minute to save what it has


def read_to(program: "subprocess.Popen[str]", words: str) -> str:
    """What it prints, up to a line with these words."""
    assert program.stdout is not None
    lines = []
    for line in program.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def own_app(folder: Path) -> Path:
    """A folder for an app's settings."""
    app = folder / "app"
    app.mkdir()
    (app / "local.settings.sample.json").write_text((APP / "local.settings.sample.json").read_text())
    return app


def connection_string(folder: Path) -> str:
    """From the environment file, as a shell would have it."""
    found = re.search(r"export AzureWebJobsStorage='(.+)'", (folder / "local.env").read_text())
    assert found
    return found.group(1)


def test_up_status_a_job_and_down(tmp_path: Path) -> None:
    """While it runs a second one is refused, changes of jobs are shown, and `down` leaves nothing running."""
    with up(tmp_path) as program:
        second = run("up", tmp_path)
        assert second.returncode == 1
        assert f"process {program.pid}" in second.stderr
        shown = run("status", tmp_path)
        assert shown.returncode == 0
        assert "batch    http://127.0.0.1:" in shown.stdout
        status = {"state": "waiting", "jobId": "bd-x-1", "waiting": [{"code": "QUOTA_FULL", "message": "No cores."}]}
        with BlobServiceClient.from_connection_string(connection_string(tmp_path)) as blobs:
            blobs.get_blob_client("status", "x.yaml.json").upload_blob(json.dumps(status))
        assert "x.yaml: waiting  bd-x-1" in read_to(program, "QUOTA_FULL: No cores.")
        started = children(program.pid)
        assert len(started) == 3
        stopped = run("down", tmp_path)
        assert stopped.stdout == f"stopped (process {program.pid})\n"
        assert program.wait(10) == 0
        assert gone(started, 1)
    assert run("status", tmp_path).returncode == 3
    assert not (tmp_path / "local.env").exists()


def test_a_killed_supervisor_takes_everything_with_it(tmp_path: Path) -> None:
    """Even SIGKILL leaves nothing running, and the folder can be used again."""
    with up(tmp_path, "--host", "none", "--app", str(own_app(tmp_path))) as program:
        started = children(program.pid)
        assert len(started) == 2
        os.kill(program.pid, signal.SIGKILL)
        assert gone(started)
        assert find(tmp_path / "running.json") is None


def test_without_a_host_core_tools_get_their_settings(tmp_path: Path) -> None:
    """`--host none` writes local.settings.json with this stack's values, the mode's too; other settings stay."""
    app = own_app(tmp_path)
    with up(tmp_path / "stack", "--host", "none", "--mode", "identity", "--app", str(app)) as program:
        assert len(children(program.pid)) == 2
        written = json.loads((app / "local.settings.json").read_text())
        assert written["Values"]["OWN_SETTING"] == "kept"
        assert written["Values"]["AzureWebJobsStorage"] == connection_string(tmp_path / "stack")
        assert written["Host"]["LocalHttpPort"] > 0
        assert written["Values"]["BATCHDROP_NODE_IDENTITY"].endswith("/userAssignedIdentities/local-nodes")
        assert written["Values"]["BATCHDROP_BATCH_KEY_SECRET"] == ""


def test_core_tools_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    """`--host func` without `func` says what is missing, before anything starts."""
    folder = {name: value for name, value in os.environ.items() if name != "PATH"}
    places = [each for each in os.environ["PATH"].split(os.pathsep) if not (Path(each) / "func").exists()]
    command = [*STACK, "up", "--host", "func", "--folder", str(tmp_path), "--app", str(tmp_path)]
    environment = {**folder, "PATH": os.pathsep.join(places)}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Core Tools" in done.stderr
    assert find(tmp_path / "running.json") is None


def test_down_without_up_is_no_error(tmp_path: Path) -> None:
    """Nothing to stop is fine."""
    assert run("down", tmp_path).returncode == 0


def test_a_left_over_file_names_nobody(tmp_path: Path) -> None:
    """A number in a file that nobody holds is not believed: that process gets no signal."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        path = tmp_path / "running.json"
        with claim(path) as claimed:
            tell(claimed, Running(stranger.pid, "local", {}))
        assert end(path) is None
        assert stranger.poll() is None
        stranger.kill()


def test_the_announced_example_exists() -> None:
    """The line that a person copies names a manifest of this checkout."""
    assert (CHECKOUT / EXAMPLE).is_file()
