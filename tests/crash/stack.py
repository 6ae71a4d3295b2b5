"""Points spread over a job on Azurite and the Batch emulator. The controller is a process, and dies by SIGKILL."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient

from local.azurite import Azurite, start_azurite
from local.batch_emulator.clock import RealClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Settings
from local.in_process.exchange import Answer, Sent
from shared.names import RESULTS, STATE, STATUS
from tests.crash.jobs import copy
from tests.crash.table import show
from tests.crash.worker import Orders
from tests.loop.ground import POLICY
from tests.wired.nodes import Nodes, Nowhere
from tests.wired.services import VAULT

TEXT = b"".join(b"line %d\n" % number for number in range(60))
MANIFEST = """
version: 1
container: {image: "localhost/demo:1"}
input: {blob: data/text.txt}
split: {by: lines, tasks: 6}
output: {name: out.txt}
merge: {by: lines}
"""

TRIES = 5


class Town:
    """What stands: Azurite, the emulator, nodes that reach Azurite over HTTP."""

    def __init__(self, azurite: Azurite, emulator: Emulator, batch: str) -> None:
        self.emulator = emulator
        self.storage = BlobServiceClient.from_connection_string(azurite.connection_string)
        for name in ("data", "reference", STATE):
            self.storage.create_container(name)
        self.storage.get_blob_client("data", "text.txt").upload_blob(TEXT)
        self.storage.get_blob_client(STATE, "policy.yaml").upload_blob(POLICY)
        settings = {
            "BATCHDROP_CONTROL": azurite.connection_string,
            "BATCHDROP_WORK": azurite.connection_string,
            "BATCHDROP_BATCH_ENDPOINT": batch,
            "BATCHDROP_BATCH_ACCOUNT": DEVELOPMENT_ACCOUNT,
            "BATCHDROP_BATCH_KEY_SECRET": "batch-key",
            "BATCHDROP_WORK_KEY_SECRET": "storage-key",
            "BATCHDROP_KEY_VAULT": f"https://{VAULT}",
            "BATCHDROP_POLL_MIN": "1",
        }
        self.orders = Orders(settings, {"batch-key": DEVELOPMENT_KEY, "storage-key": azurite.key}, MANIFEST)
        command = [sys.executable, "-m", "tests.crash.worker"]
        self._workers = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, **what: Any) -> tuple[int, str]:
        """A process of the controller: its exit code (the negative signal, where one ended it), and what it said."""
        self.break_locks()
        assert self._workers.stdin is not None
        assert self._workers.stdout is not None
        self._workers.stdin.write(json.dumps(asdict(replace(self.orders, **what))) + "\n")
        self._workers.stdin.flush()
        code, said = json.loads(self._workers.stdout.readline())
        return code, said

    def close(self) -> None:
        """No more processes."""
        self._workers.communicate()

    def break_locks(self) -> None:
        """As if they had run out."""
        from azure.storage.blob import BlobLeaseClient

        container = self.storage.get_container_client(STATE)
        for lock in container.list_blobs("locks/"):
            if lock.lease.status == "locked":
                BlobLeaseClient(container.get_blob_client(lock.name)).break_lease(0)

    def wrong(self, path: str) -> list[str]:
        """What is not as it must be at the end of a job."""
        status = json.loads(self._read(STATUS, f"{path}.json"))
        container, _, name = str(status["links"]["result"]).partition("/")
        result = json.loads(self._read(RESULTS, f"{status['jobId']}/result.json"))
        account = self.emulator.world.account
        job = status["jobId"]
        containers = [item.name for item in self.storage.list_containers(name_starts_with=job)]
        left = containers + [name for name in (*account.pools, *account.jobs) if name.startswith(job)]
        checks = {
            "state": (status["state"], status["complete"], result["state"]) == ("succeeded", True, "succeeded"),
            "merged": status["links"]["result"] and self._read(container, name) == TEXT,
            "units": status["units"]["merged"] == status["units"]["total"] == len(TEXT),
            "left": not left,
        }
        return [name for name, holds in checks.items() if not holds]

    def _read(self, container: str, name: str) -> bytes:
        return bytes(self.storage.get_blob_client(container, name).download_blob().readall())


@contextmanager
def town() -> Iterator[Town]:
    """On free ports, in a folder of its own; all gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, start_azurite(Path(folder)) as azurite:
        settings = Settings(Nowhere("/nowhere"), boot_seconds=0, delete_seconds=0.1)
        emulator = Emulator(
            DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Nodes(copy, over_http), RealClock(), settings=settings, admin=False
        )
        with EmulatorServer(emulator) as server, closing(Town(azurite, emulator, server.url)) as place:
            yield place


def over_http(sent: Sent) -> Answer:
    address = f"{sent.scheme}://{sent.host}{sent.path}" + (f"?{sent.query}" if sent.query else "")
    answer = requests.request(sent.method, address, headers=dict(sent.headers), data=sent.body, timeout=30)
    return Answer(answer.status_code, dict(answer.headers), answer.content)


def points_on_the_stack(points: int) -> int:
    """0 when each job ended as it must."""
    began, rows = time.monotonic(), list[list[object]]()
    with town() as place:
        total = undisturbed(place)
        dying: str | None = None
        for number in range(1, points + 1):
            dying, total = kill(place, number, number / (points + 1), total, dying, rows)
        code, said = place.run(finish=dying)
        assert code == 0, said
        judge(place, dying, rows)
    wrong = sum(bool(row[1]) for row in rows)
    found = {"requests": total, "points": points, "wrong": wrong, "seconds": round(time.monotonic() - began, 1)}
    show(["killed", "wrong"], rows, found)
    return 1 if wrong else 0


def kill(
    place: Town, number: int, share: float, total: int, finish: str | None, rows: list[list[object]]
) -> tuple[str, int]:
    """A job of which that share of its requests was made, and how many it is taken to have by now.

    How often a job is polled depends on the machine: one that ends before its point is judged, and the next one dies
    at the same share of as many requests as that had.
    """
    after = bool(number % 2)
    for run in range(TRIES):
        path, at = f"p-{number}-{run}.yaml", max(1, int(total * share))
        code, said = place.run(finish=finish, drop=path, at=at, after=after)
        judge(place, finish, rows)
        finish = path
        if code == -signal.SIGKILL:
            rows.append([f"{'after' if after else 'before'} request {at}", ""])
            return path, total
        assert code == 0, said
        total = int(said.split()[-1])
        rows.append([f"not: over before request {at}", ""])
    raise AssertionError(f"{TRIES} jobs ended before {share:.0%} of the requests of the one before")


def undisturbed(place: Town) -> int:
    """How many requests a job takes that nothing happens to."""
    code, said = place.run(drop="p-0.yaml")
    assert code == 0, said
    wrong = place.wrong("p-0.yaml")
    assert not wrong, wrong
    return int(said.split()[-1])


def judge(place: Town, path: str | None, rows: list[list[object]]) -> None:
    """Note what became of the job that was open."""
    if path is not None:
        rows[-1][1] = " ".join(place.wrong(path))
