"""The real Functions host on a whole local stack, killed again and again while jobs are open."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from local.demo.ground import Ground, open_ground
from local.stack import Stack
from tests.crash.table import show

MANIFEST = """
version: 1
container:
  image: "localhost/wordcount:1"
  command: [sh, -c, "sleep 1; echo $BATCHDROP_UNIT_START > $OUTPUT_PATH"]
input: {range: {stop: 4}}
split: {unitsPerTask: 1}
merge: {by: lines}
compute: {maxNodes: 2}
"""
MERGED = b"0\n1\n2\n3\n"
APART = 4.0
"""Seconds between two kills: the host is up again, and has begun."""
PATIENCE = 900.0
Status = dict[str, Any]


def kills_of_the_host(kills: int) -> int:
    """One job for each kill; 0 when all end as they must."""
    began = time.monotonic()
    names = [f"k-{number}" for number in range(1, kills + 1)]
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "stack") as stack, open_ground(stack) as ground:
        for name in names:
            ground.upload(f"jobs/{name}.yaml", MANIFEST.encode(), "application/yaml")
            time.sleep(APART)
            stack.kill_host()
        rows = [[name, *verdict_on(ground, name, began)] for name in names]
        left = [*ground.jobs(), *ground.pools(), *(each for each in ground.containers() if each.startswith("bd-"))]
    wrong = sum(bool(row[2]) for row in rows) + bool(left)
    found = {"kills": kills, "wrong": wrong, "left": left, "seconds": round(time.monotonic() - began, 1)}
    show(["job", "seconds", "wrong"], rows, found)
    return 1 if wrong else 0


def verdict_on(ground: Ground, name: str, began: float) -> tuple[float, str]:
    """When it was over, and what is not as it must be."""
    status = cleaned(ground, name)
    merged = ground.download(str(status["links"]["result"]))
    result = json.loads(ground.download(f"results/{status['jobId']}/result.json") or b"{}")
    checks = {
        "state": (status["state"], status["complete"], result.get("state")) == ("succeeded", True, "succeeded"),
        "merged": merged == MERGED,
        "units": status["units"]["merged"] == status["units"]["total"] == 4,
    }
    return round(time.monotonic() - began, 1), " ".join(name for name, holds in checks.items() if not holds)


def cleaned(ground: Ground, name: str) -> Status:
    """Its status, once nothing of it is left."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = ground.download(f"status/{name}.yaml.json")
        status: Status = json.loads(found) if found else {}
        if status and status["final"] and status["cleanup"]["state"] == "done":
            return status
        time.sleep(0.5)
    raise AssertionError(f"{name} did not come to its end: {found!r}")
