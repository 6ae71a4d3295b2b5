"""`python -m tests.load.soak`: a whole local stack under jobs and random trouble, for as long as it is told to."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import requests

from local.demo.ground import Ground, open_ground
from local.stack import Stack
from tests.crash.host import MANIFEST, verdict_on
from tests.crash.table import show

APART = 12.0
"""Seconds between two jobs."""
TROUBLE = (15.0, 60.0)
"""Seconds between two troubles."""
CODES = {429: "TooManyRequests", 500: "InternalError", 503: "ServerBusy"}


@dataclass
class Soak:
    """What is under way. `host`: the largest size of each life of the Functions host, in MiB."""

    stack: Stack
    ground: Ground
    dice: Random
    names: list[str] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    host: dict[int, int] = field(default_factory=dict)

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        next_drop = next_trouble = time.monotonic()
        while time.monotonic() < end:
            if time.monotonic() >= next_drop:
                self.drop()
                next_drop += APART
            if time.monotonic() >= next_trouble:
                self.trouble()
                next_trouble = time.monotonic() + self.dice.uniform(*TROUBLE)
            self.measure()
            time.sleep(0.5)

    def drop(self) -> None:
        self.names.append(f"soak-{len(self.names) + 1:04}")
        self.ground.upload(f"jobs/{self.names[-1]}.yaml", MANIFEST.encode(), "application/yaml")

    def trouble(self) -> None:
        """The host is killed, or the next calls of Batch fail, before or after their effect."""
        kind = self.dice.choice(("host killed", "batch fails", "batch fails", "answers lost"))
        self.troubles.update([kind])
        if kind == "host killed":
            self.stack.kill_host()
            return
        status = self.dice.choice(list(CODES))
        fault = {"operation": "*", "times": self.dice.randrange(1, 12), "status": status, "code": CODES[status]}
        after = {"after": kind == "answers lost"}
        answer = requests.post(f"{self.stack.endpoints.batch}/_admin/faults", json=fault | after, timeout=10)
        answer.raise_for_status()

    def measure(self) -> None:
        pid = self.stack.host_pid
        size = resident(pid) if pid is not None else 0
        if pid is not None and size:
            self.host[pid] = max(size, self.host.get(pid, 0))


def started(folder: Path) -> Stack:
    return Stack(folder / "stack", batch_admin=True)


def resident(pid: int) -> int:
    """MiB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    sizes = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return sizes[0] // 1024 if sizes else 0


def main(words: Sequence[str]) -> int:
    """0 when every job ended as it must and nothing was left."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as stack, open_ground(stack) as ground:
        soak = Soak(stack, ground, Random(options.seed))
        soak.run(60 * options.minutes)
        verdicts = {name: verdict_on(ground, name, began)[1] for name in soak.names}
        soak.measure()
        left = [*ground.jobs(), *ground.pools(), *(each for each in ground.containers() if each.startswith("bd-"))]
    for name, wrong in verdicts.items():
        if wrong:
            print(f"{name}: {wrong}")
    found = {
        "jobs": len(verdicts),
        "wrong": sum(bool(wrong) for wrong in verdicts.values()) + bool(left),
        "left": len(left),
        "troubles": soak.troubles.total(),
        "hosts": len(soak.host),
        "megabytes": max(soak.host.values(), default=0),
        "seconds": round(time.monotonic() - began, 1),
    }
    rows = [[kind, "", "", "", count, "", "", ""] for kind, count in sorted(soak.troubles.items())]
    show(["trouble", *found], rows, found)
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
