"""The HeavyLift example as a job on a whole local stack: its image unchanged, its files collected."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from local.demo.ground import Ground, open_ground
from local.stack import Stack

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "heavylift"
LIFTS = 5
PATIENCE = 120

pytestmark = pytest.mark.stack


def python(*arguments: object, environment: dict[str, str] | None = None) -> None:
    command = [sys.executable, *(str(argument) for argument in arguments)]
    subprocess.run(command, env=os.environ | (environment or {}), check=True, capture_output=True, timeout=60)


def drop(ground: Ground, inputs: Path) -> None:
    """Upload the inputs where the manifest looks for them, then the manifest as it is."""
    for file in (path for path in inputs.rglob("*") if path.is_file()):
        ground.upload(f"data/heavylift/{file.relative_to(inputs).as_posix()}", file)
    ground.upload("jobs/heavylift.yaml", EXAMPLE / "manifest.yaml")


def final_status(ground: Ground) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        content = ground.download("status/heavylift.yaml.json")
        status: dict[str, Any] = json.loads(content) if content else {"final": False}
        if status["final"]:
            return status
        time.sleep(0.5)
    raise TimeoutError(f"no final status after {PATIENCE} s")


def alone(number: int, inputs: Path, folder: Path) -> bytes:
    """What the image's entry point makes of one config without any Batchdrop."""
    variables = {
        "CONFIG_PATH": str(inputs / "config" / f"Config_file{number}.json"),
        "DB_PATH": str(inputs / "database" / "HeavyLiftSQLite.zip"),
        "OUTPUT_PATH": f"{folder}/",
    }
    python(EXAMPLE / "wrapper.py", environment=variables)
    return (folder / f"Result_file{number}.json").read_bytes()


def test_image_of_another_service_runs_unchanged(tmp_path: Path) -> None:
    """Each config becomes one task, and each task's file is in the result as the image alone would write it."""
    inputs = tmp_path / "inputs"
    python(EXAMPLE / "make_inputs.py", "-o", inputs, "--lifts", LIFTS)
    with Stack(tmp_path / "stack") as stack, open_ground(stack) as ground:
        drop(ground, inputs)
        status = final_status(ground)
        assert status["state"] == "succeeded", status["failure"] or status["problems"]
        assert status["units"]["merged"] == LIFTS == status["tasks"]["succeeded"]
        for number in range(1, LIFTS + 1):
            collected = ground.download(f"{status['links']['result']}Result_file{number}.json")
            assert collected == alone(number, inputs, tmp_path)
