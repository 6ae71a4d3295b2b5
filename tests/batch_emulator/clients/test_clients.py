"""Clients that nobody here wrote work unchanged: the Azure CLI, and the SDK of the generation before."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.batch_emulator.clock import RealClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.runner import choose_execution
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Settings
from tests.batch_emulator.clients.environments import environment, opt_in
from tests.batch_emulator.ground import MACHINE

pytestmark = opt_in


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """An account whose tasks are real processes."""
    execution = choose_execution(None, tmp_path / "data", "process")
    settings = Settings(tmp_path / "data", boot_seconds=0.2, delete_seconds=0.2)
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, RealClock(), settings=settings)
    with EmulatorServer(emulator) as server:
        yield server.url


class Az:
    """`az batch`, with a shared key."""

    def __init__(self, program: Path, url: str, folder: Path) -> None:
        self._program = program
        self._environment = {
            **os.environ,
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_BATCH_ACCOUNT": DEVELOPMENT_ACCOUNT,
            "AZURE_BATCH_ACCESS_KEY": DEVELOPMENT_KEY,
            "AZURE_BATCH_ENDPOINT": url,
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        argv = [str(self._program), "batch", *words, "--only-show-errors", "--output", "json"]
        return subprocess.run(argv, env=self._environment, capture_output=True, text=True, timeout=120, check=False)

    def __call__(self, *words: str) -> Any:
        """Run a command that must succeed; give what it printed."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout) if ended.stdout.strip() else None


@pytest.fixture
def az(url: str, tmp_path: Path) -> Az:
    """The Azure CLI, pointed at the account."""
    return Az(environment("azure-cli", "azure-cli>=2.80,<3") / "az", url, tmp_path)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)


def test_the_azure_cli_runs_a_job_from_pool_to_deletion(az: Az, tmp_path: Path) -> None:
    """Pool, job and task are created, shown, listed, counted; a file is downloaded; all is deleted again."""
    pool = {
        "id": "cli",
        "vmSize": "Standard_D2s_v3",
        "virtualMachineConfiguration": MACHINE,
        "targetDedicatedNodes": 1,
    }
    (tmp_path / "pool.json").write_text(json.dumps(pool))
    az("pool", "create", "--json-file", str(tmp_path / "pool.json"))
    assert az("pool", "show", "--pool-id", "cli")["vmSize"] == "Standard_D2s_v3"
    assert [each["id"] for each in az("pool", "list")] == ["cli"]
    az("job", "create", "--id", "cli", "--pool-id", "cli")
    az("task", "create", "--job-id", "cli", "--task-id", "t", "--command-line", "/bin/echo hello")
    tasks = [{"id": f"u{number}", "commandLine": "/bin/false"} for number in range(3)]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    az("task", "create", "--job-id", "cli", "--json-file", str(tmp_path / "tasks.json"))
    _until(lambda: az("job", "task-counts", "show", "--job-id", "cli")["taskCounts"]["completed"] == 4)
    counts = az("job", "task-counts", "show", "--job-id", "cli")["taskCounts"]
    assert (counts["succeeded"], counts["failed"]) == (1, 3)
    assert [each["id"] for each in az("task", "list", "--job-id", "cli")] == ["t", "u0", "u1", "u2"]
    assert az("task", "show", "--job-id", "cli", "--task-id", "u1")["executionInfo"]["exitCode"] == 1
    out = tmp_path / "out.txt"
    az("task", "file", "download", "--job-id", "cli", "--task-id", "t", "--file-path", "stdout.txt",
       "--destination", str(out))  # fmt: skip
    assert out.read_text() == "hello\n"
    assert {each["name"] for each in az("task", "file", "list", "--job-id", "cli", "--task-id", "t")} >= {"stdout.txt"}
    assert len(az("node", "list", "--pool-id", "cli")) == 1
    az("job", "stop", "--job-id", "cli")
    az("task", "delete", "--job-id", "cli", "--task-id", "t", "--yes")
    az("job", "delete", "--job-id", "cli", "--yes")
    az("pool", "delete", "--pool-id", "cli", "--yes")
    _until(lambda: az("pool", "list") == [])
    assert "PoolNotFound" in az.run("pool", "show", "--pool-id", "cli").stderr


def test_the_sdk_of_the_generation_before_runs_a_job(url: str) -> None:
    """azure-batch 14.2 adds 150 tasks, reads counts, lists, a file and an error code, and deletes what it made."""
    programs = environment("azure-batch-14", "azure-batch==14.2.0", "setuptools<81")
    script = Path(__file__).with_name("old_sdk.py")
    words = [str(programs / "python"), str(script), url, DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "completed": 150,
        "succeeded": 150,
        "text": "7\n",
        "refused": "JobExists",
        "nodes": ["idle"],
        "exists": True,
        "gone": True,
    }
