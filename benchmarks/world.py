"""The controller's ports on real services, with meters in them. For the processes in which work is measured."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.ground import Place
from benchmarks.meter import MeteredBlobs, Requests
from benchmarks.seen import Seen
from controller.wiring import make_containers
from local.azurite import KEY
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from shared.azure.batch_door import BatchKey
from shared.azure.batch_modes import by_keys
from shared.azure.events import QueueEvents
from shared.azure.locks import BlobLocks
from shared.azure.queue import WakeQueue
from shared.clock import SystemClock
from shared.errors import Refused
from shared.ports import Ports
from shared.settings import StorageAccount, connection_parts

DATA = "data"
"""The container of inputs."""


class NoSecrets:
    """A Key Vault without a secret in it."""

    def get(self, name: str) -> str:
        raise Refused("SECRET_DENIED", 404, f"no secret {name} here")


@dataclass(frozen=True)
class World:
    """Ports, and the meters in them."""

    place: Place
    ports: Ports
    control: MeteredBlobs
    work: MeteredBlobs
    requests: Requests

    def look(self) -> Seen:
        """All meters, since the process began. The difference of two looks is what happened between them."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        of = self.requests.of
        return Seen(
            seconds=time.perf_counter(),
            cpu=used.ru_utime + used.ru_stime,
            storage_cpu=processor_time(self.place.servers["storage"]),
            batch_cpu=processor_time(self.place.servers["batch"]),
            blobs=of["blobs"],
            queues=of["queues"],
            batch=of["batch"],
            adding=self.requests.adding,
            read=self.work.read_bytes,
            written=self.work.written_bytes,
            state=self.control.read_bytes + self.control.written_bytes,
        )


def open_world(place: dict[str, Any], *, composes: bool = True) -> World:
    """`place`: a `Place` as it travels. Containers that every deployment has are there afterwards."""
    at = Place(**place)
    account = StorageAccount(connection_string=at.storage)
    requests = Requests(names_by_port(at))
    requests.listen()
    control = MeteredBlobs(account, KEY, composes=composes)
    work = MeteredBlobs(account, KEY, composes=composes)
    ports = make_ports(at, account, control, work)
    make_containers(ports)
    work.create_container(DATA, {})
    if not requests.of["blobs"]:
        raise SystemExit("the HTTP layer does not tell its requests any more: nothing can be counted")
    return World(at, ports, control, work, requests)


def make_ports(at: Place, account: StorageAccount, control: MeteredBlobs, work: MeteredBlobs) -> Ports:
    key = BatchKey(DEVELOPMENT_ACCOUNT, lambda: DEVELOPMENT_KEY, lambda: DEVELOPMENT_KEY)
    queue, secrets = WakeQueue(account), NoSecrets()
    return Ports(
        control=control,
        work=work,
        batch=by_keys(at.batch, work, secrets, key),
        locks=BlobLocks(account),
        queue=queue,
        events=QueueEvents(queue),
        secrets=secrets,
        clock=SystemClock(),
    )


def names_by_port(at: Place) -> dict[int, str]:
    parts = connection_parts(at.storage)
    addresses = {"blobs": parts["blobendpoint"], "queues": parts["queueendpoint"], "batch": at.batch}
    return {urlsplit(address).port or 0: name for name, address in addresses.items()}


def processor_time(pid: int) -> float:
    """Processor seconds that a process has used, all its threads together; 0 where the system does not tell."""
    told = Path(f"/proc/{pid}/stat")
    if not told.exists():
        return 0.0
    after_name = told.read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
