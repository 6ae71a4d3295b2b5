"""The program: its ready line, its end, its options, its README."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError

from local.batch_emulator.__main__ import main
from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import RealClock
from local.batch_emulator.coverage import coverage
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.world import Settings
from local.certificates import ensure_certificate
from tests.batch_emulator.ground import MACHINE

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def program(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the emulator's program; give it and its ready line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.batch_emulator", "--boot-seconds", "0.1", *options],
        cwd=ROOT,
        env={**os.environ, "BATCH_EMULATOR_RUNNER": "process", "BATCH_EMULATOR_MOUNTS": "synchronised"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_runs_real_commands_and_ends_with_them(tmp_path: Path) -> None:
    """The ready line names address, account and runner; a real command runs; SIGTERM stops what still runs."""
    with program("--data", str(tmp_path)) as (process, ready):
        assert ready.startswith("batch emulator ready: http://127.0.0.1:")
        assert ready.endswith(f" account={DEVELOPMENT_ACCOUNT} runner=process mounts=synchronised\n")
        client = BatchClient(ready.split()[3], AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY))
        size = {"vmSize": "Standard_D2s_v3", "targetDedicatedNodes": 1, "virtualMachineConfiguration": MACHINE}
        client.create_pool({"id": "p", **size})
        client.create_job({"id": "j", "poolInfo": {"poolId": "p"}})
        client.create_task("j", {"id": "t", "commandLine": "/bin/sh -c 'echo hello; exit 3'"})
        _until(lambda: client.get_task("j", "t").state == "completed")
        assert client.get_task("j", "t").execution_info.exit_code == 3
        assert b"".join(client.download_task_file("j", "t", "stdout.txt")) == b"hello\n"
        mark = tmp_path / "pid"
        client.delete_task("j", "t")
        client.create_task("j", {"id": "t", "commandLine": f"/bin/sh -c 'echo $$ > {mark}; exec sleep 600'"})
        _until(lambda: mark.is_file() and bool(mark.read_text().strip()))
        assert client.get_task("j", "t").state == "running"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not Path(f"/proc/{mark.read_text().strip()}").exists()
        client.close()


def test_it_is_as_far_away_as_asked() -> None:
    """With --latency, no request is answered sooner than that."""
    with program("--latency", "0.2") as (_, ready):
        key = AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)
        with BatchClient(ready.split()[3], key) as client:
            began = time.monotonic()
            assert list(client.list_pools()) == []
            assert time.monotonic() - began >= 0.2


def test_it_serves_tls(tmp_path: Path) -> None:
    """With a certificate it speaks https, to clients that trust it."""
    made = ensure_certificate(tmp_path)
    with program("--https", "--cert", str(made.certificate), "--certkey", str(made.key)) as (_, ready):
        url = ready.split()[3]
        assert url.startswith("https://127.0.0.1:")
        credential = AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)
        client = BatchClient(url, credential, connection_verify=str(made.certificate))
        client.create_job({"id": "j", "poolInfo": {"poolId": "p"}})
        assert client.get_job("j").url == f"{url}/jobs/j"
        client.close()


def test_a_second_port_speaks_tls_and_a_script_is_followed(tmp_path: Path) -> None:
    """Beside the plain port there is one with TLS; the script's step hits the second creation of a job."""
    made, script = ensure_certificate(tmp_path), tmp_path / "script.yaml"
    script.write_text("- {do: refuse, call: create_job, number: 2, code: ServerBusy, retryAfter: 3}\n")
    files = ("--cert", str(made.certificate), "--certkey", str(made.key))
    with program("--https-port", "0", *files, "--script", str(script)) as (_, ready):
        secure = ready.split("https=")[1].strip()
        credential = AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)
        for url in (ready.split()[3], secure):
            client = BatchClient(url, credential, connection_verify=str(made.certificate), retry_total=0)
            name = url.partition(":")[0]
            if name == "http":
                client.create_job({"id": name, "poolInfo": {"poolId": "p"}})
            else:
                with pytest.raises(HttpResponseError) as refused:
                    client.create_job({"id": name, "poolInfo": {"poolId": "p"}})
                assert refused.value.response is not None
                assert refused.value.response.headers["Retry-After"] == "3"
            client.close()


def test_an_earlier_runs_files_are_gone(tmp_path: Path) -> None:
    """Nodes of a new account do not find what an earlier one left in the same folder; other files stay."""
    old = tmp_path / "nodes" / "p-1" / "node" / "workitems"
    old.mkdir(parents=True)
    (tmp_path / "mine").touch()
    emulator = Emulator(
        DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, CallableExecution(lambda _: 0), RealClock(), settings=Settings(tmp_path)
    )
    assert not old.exists()
    emulator.close()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_options_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TLS without a certificate, unknown quotas, scripts with mistakes: each is refused with a sentence."""
    script = tmp_path / "script.yaml"
    script.write_text("- {do: preempt}\n- {do: preempt, cats: 3}\n")
    wrong = {
        "go together": ["--https"],
        "is not one of": ["--quota", "cats=3"],
        "from 1 to 255": ["--wall-clock-exit", "0"],
        "Step 2 of the script": ["--script", str(script)],
        "is no port": ["--port", "70000"],
        "is no account's name": ["--account", "My Account"],
        "is not base64": ["--key", "a key"],
        "is no number of seconds": ["--boot-seconds", "-1"],
        "lacks AccountName": ["--storage", "nonsense"],
        "there is no file": ["--https", "--cert", str(tmp_path / "none.pem")],
    }
    for words, options in wrong.items():
        with pytest.raises(SystemExit):
            main(options)
        assert words in capsys.readouterr().err


def test_what_cannot_run_here_says_so_in_a_sentence(tmp_path: Path) -> None:
    """A port that is taken, a runner or a way to mount that is not there, a folder that cannot be: exit code 1."""
    (tmp_path / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for words, options, environment in (
            ("Address already in use", ["--port", str(taken.getsockname()[1])], {}),
            ("nope is not one of podman", [], {"BATCH_EMULATOR_RUNNER": "nope"}),
            ("nope is not one of rclone", [], {"BATCH_EMULATOR_MOUNTS": "nope"}),
            ("Not a directory", ["--data", str(tmp_path / "file" / "data")], {}),
        ):
            ended = subprocess.run(
                [sys.executable, "-m", "local.batch_emulator", *options],
                cwd=ROOT,
                env={**os.environ, "BATCH_EMULATOR_RUNNER": "process", **environment},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert (ended.returncode, ended.stdout) == (1, "")
            assert ended.stderr.startswith("batch emulator: ")
            assert ended.stderr.count("\n") == 1
            assert words in ended.stderr


def test_the_readme_lists_what_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    """The README ends with the list that the program prints."""
    assert main(["--coverage"]) == 0
    printed = capsys.readouterr().out
    assert printed == coverage()
    assert (ROOT / "local" / "batch_emulator" / "README.md").read_text().endswith(printed)
