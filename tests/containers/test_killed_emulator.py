"""An emulator that is killed outright takes its containers with it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential

from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from local.podman import Podman
from tests.batch_emulator.ground import MACHINE

pytestmark = pytest.mark.stack
ROOT = Path(__file__).resolve().parents[2]
SLEEP: dict[str, Any] = {
    "commandLine": "-c 'import time; time.sleep(600)'",
    "containerSettings": {"imageName": "localhost/wordcount:1", "containerRunOptions": "--entrypoint python3"},
}


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_a_killed_emulator_leaves_no_container(podman: Podman, tmp_path: Path) -> None:
    """Two tasks sleep in containers; after SIGKILL podman knows of none."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.batch_emulator", "--boot-seconds", "0.1", "--data", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **podman.environment, "BATCH_EMULATOR_RUNNER": "podman"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[3]
        sleep_in_containers(url)
        until(lambda: len(of(podman, process.pid)) == 2)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    until(lambda: of(podman, process.pid) == [])


def sleep_in_containers(url: str) -> None:
    """A pool of one node, a job of two tasks."""
    machine: Any = {**MACHINE, "containerConfiguration": {"type": "dockerCompatible"}}
    size: Any = {"vmSize": "Standard_D2s_v3", "targetDedicatedNodes": 1, "taskSlotsPerNode": 2}
    with BatchClient(url, AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)) as client:
        client.create_pool(models.BatchPoolCreateOptions({"id": "p", **size, "virtualMachineConfiguration": machine}))
        client.create_job(models.BatchJobCreateOptions({"id": "j", "poolInfo": {"poolId": "p"}}))
        for name in ("a", "b"):
            client.create_task("j", models.BatchTaskCreateOptions({"id": name, **SLEEP}))


def of(podman: Podman, emulator: int) -> list[str]:
    """The containers of one emulator."""
    return [name for name in podman.containers() if name.startswith(f"batch-emulator-{emulator}-")]
