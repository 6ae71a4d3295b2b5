"""`python -m tests.load.soak`: a whole local stack under jobs of all kinds and random trouble, as long as told to."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from azure.batch import models

from local.demo.ground import Ground, open_ground
from local.stack import Stack
from tests.crash.table import show
from tests.load.kinds import DATA, KINDS
from tests.load.people import People
from tests.load.shaken import Doors, shaken_stack
from tests.load.troubles import Troubles
from tests.load.watch import Watch

APART = 6.0
"""Seconds between two jobs."""
MOST_OPEN = 16
"""Jobs at once: a slow machine gets fewer, not a line that it never comes to the end of."""
PATIENCE = 900.0
"""Seconds in which all must end once nothing disturbs them; what a retry needs is kept for four minutes."""
SHARED = "shared"
HEAD = ("kind", "jobs", "succeeded", "failed", "cancelled", "wrong", "still", "troubles")


@dataclass
class Soak:
    """What is under way."""

    stack: Stack
    doors: Doors
    people: People
    troubles: Troubles
    watch: Watch

    def run(self, seconds: float, apart: float) -> None:
        """Jobs and troubles."""
        end = time.monotonic() + seconds
        next_drop = time.monotonic()
        while time.monotonic() < end:
            if time.monotonic() >= next_drop and self.troubles.storage_is_there and self.open() < MOST_OPEN:
                self.people.drop(list(KINDS))
                next_drop = time.monotonic() + apart
            self.troubles.step()
            self.look()
            time.sleep(1)
        self.troubles.calm_down()

    def open(self) -> int:
        """Manifests without a final answer."""
        return sum(not self.watch.is_final(job.path) for job in self.people.dropped)

    def look(self) -> None:
        self.watch.measure(self.stack.host_pid)
        if self.troubles.storage_is_there:
            self.watch.look()
            self.people.step(self.watch.is_final)

    def wait(self) -> list[str]:
        """Until all is over; the names of what is not in time."""
        end = time.monotonic() + PATIENCE
        left = list(self.people.dropped)
        while left and time.monotonic() < end:
            self.look()
            left = [job for job in left if not self.people.over(job)]
            time.sleep(2)
        return [job.name for job in left]

    def left(self) -> list[str]:
        """What is there that should not be: given a little time, as markers go last."""
        end = time.monotonic() + 60
        while (found := leftovers(self.people.ground)) and time.monotonic() < end:
            time.sleep(2)
        return found


def leftovers(ground: Ground) -> list[str]:
    containers = [name for name in ground.containers() if name.startswith("bd-")]
    markers = ground.blobs.get_container_client("batchdrop").list_blob_names(name_starts_with="open/")
    return [*ground.jobs(), *(pool for pool in ground.pools() if pool != SHARED), *containers, *markers]


def prepare(ground: Ground) -> None:
    """The inputs, and the pool that the local policy lends."""
    for path, content in DATA.items():
        ground.upload(path, content)
    machine = models.VirtualMachineConfiguration(
        image_reference=models.BatchVmImageReference(publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2204"),
        node_agent_sku_id="batch.node.ubuntu 22.04",
        container_configuration=models.BatchContainerConfiguration(type=models.ContainerType.DOCKER_COMPATIBLE),
    )
    ground.batch.create_pool(
        models.BatchPoolCreateOptions(
            id=SHARED,
            vm_size="Standard_D2s_v5",
            virtual_machine_configuration=machine,
            target_dedicated_nodes=1,
            task_slots_per_node=2,
        )
    )


def judged(soak: Soak, late: list[str]) -> tuple[list[list[object]], Counter[str]]:
    """Rows by kinds of jobs; totals. Whatever is wrong is printed."""
    rows, total = list[list[object]](), Counter[str]()
    for kind in KINDS:
        found = Counter[str]()
        for job in (each for each in soak.people.dropped if each.kind == kind):
            states, wrong = soak.people.judge(job)
            wrong += ["not over in time"] if job.name in late else []
            for each in wrong:
                print(f"{job.name}: {each}")
            found += Counter([*states, *["jobs"] * len(states), *["wrong"] * bool(wrong)])
        total += found
        rows.append([kind, *(found[column] for column in HEAD[1:6]), stillness(soak.watch, f"-{kind}"), ""])
    return rows, total


def stillness(watch: Watch, part: str) -> int:
    """The longest time in seconds that an open job's status stood as it was."""
    return round(max((seen.still for name, seen in watch.statuses.items() if part in name), default=0.0))


def figures(soak: Soak, total: Counter[str], left: list[str]) -> dict[str, Any]:
    minutes = sorted(soak.doors.minutes.values())
    first, last = soak.watch.quarters()
    return {
        **{column: total[column] for column in HEAD[1:5]},
        "wrong": total["wrong"] + bool(left),
        "left": len(left),
        "still": stillness(soak.watch, ""),
        "troubles": soak.troubles.seen.total(),
        "faults": dict(sorted(soak.doors.faults.items())),
        "requests": sum(minutes),
        "requestsAMinute": round(sum(minutes) / max(1, len(minutes))),
        "busiestMinute": minutes[-1] if minutes else 0,
        "hosts": len(soak.watch.hosts),
        "megabytesFirstQuarter": first,
        "megabytesLastQuarter": last,
    }


def main(words: Sequence[str]) -> int:
    """0 when every job ended as it must and nothing was left."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--apart", type=float, default=APART, help="seconds between two jobs")
    parser.add_argument("--keep", type=Path, help="a folder for the stack's files, its logs among them")
    options = parser.parse_args(words)
    began, dice = time.monotonic(), Random(options.seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        shaken_stack(options.keep or Path(folder) / "stack", dice) as (stack, doors),
        open_ground(stack) as ground,
    ):
        prepare(ground)
        soak = Soak(stack, doors, People(ground, dice), Troubles(stack, doors, dice), Watch(ground))
        soak.run(60 * options.minutes, options.apart)
        late = soak.wait()
        rows, total = judged(soak, late)
        left = soak.left()
    for each in left:
        print(f"left: {each}")
    seen = soak.troubles.seen + soak.people.deeds
    rows += [[what, *[""] * 6, count] for what, count in sorted(seen.items())]
    found = {**figures(soak, total, left), "seconds": round(time.monotonic() - began, 1)}
    show(HEAD, rows, found)
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
