"""A controller in a process of its own, against Azurite and the Batch emulator, that kills itself at one request.

`python -m tests.crash.worker`: what each is to do comes as a line of JSON. It first brings the job to its end
that its forerunner died of, then drops the next one and dies at the request it was told. The Functions host's part is
played here, in one thread: timer, messages, events of blobs. Its clock jumps to whatever is due.
"""

from __future__ import annotations

import base64
import importlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NoReturn
from urllib.parse import urlsplit

from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import HttpTransport
from azure.storage.queue import QueueClient

from controller import store, triggers, wiring
from controller.threads import alone
from local.in_process.transport import InProcess, Internet
from local.in_process.wsgi import of_function
from local.key_vault import KeyVault
from local.secret_store import SecretStore
from shared.azure.line import Line
from shared.azure.queue import NAME
from shared.azure.transport import BoundedTransport
from shared.names import JOBS
from shared.settings import read_settings
from tests.wired.services import VAULT, Tokens

SDKS = ("azure.batch", "azure.keyvault.secrets", "azure.storage.blob", "azure.storage.queue")
"""Imported by the controller where it first uses them."""
PAUSE = 0.02
"""Between two looks: the emulated nodes need some time of their own."""
LOOKS = 3000


@dataclass(frozen=True)
class Orders:
    """`finish`: the job that is open. `drop`: the next one; `at`: the request to die at, from its drop on (0: none)."""

    settings: dict[str, str]
    secrets: dict[str, str]
    manifest: str
    finish: str | None = None
    drop: str | None = None
    at: int = 0
    after: bool = False


class Ahead:
    """The machine's clock, and what it was set ahead."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Mortal(HttpTransport[Any, Any]):
    """The network; the Key Vault is in this process. Kills the process at request number `at`."""

    at: int
    after: bool
    network: Any = field(default_factory=BoundedTransport)
    vault: Any = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))  # by several threads: none may be given twice
    requests: int = 0
    armed: bool = False

    def send(self, request: Any, **kwargs: Any) -> Any:
        way = self.vault if urlsplit(request.url).hostname == VAULT else self.network
        if not self.armed:
            return way.send(request, **kwargs)
        self.requests = number = next(self.numbers)
        if number == self.at and not self.after:
            die()
        answer = way.send(request, **kwargs)
        if number == self.at:
            die()
        return answer

    def sleep(self, duration: float) -> None:
        self.network.sleep(duration)

    def open(self) -> None:
        """It is."""

    def close(self) -> None:
        """Other clients use it."""

    def __exit__(self, *_: object) -> None:
        """As close."""


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still here")


class Worker:
    """One process of the controller, and the host around it."""

    def __init__(self, orders: Orders) -> None:
        self.orders, self.clock = orders, Ahead()
        store_of_keys = SecretStore()
        for name, value in orders.secrets.items():
            store_of_keys.set(name, value)
        vault = InProcess(Internet({VAULT: of_function(KeyVault(store_of_keys))}), time.sleep)
        self.transport = Mortal(orders.at, orders.after, vault=vault)
        settings = read_settings(orders.settings)
        self.ports = wiring.make_ports(settings, Line(self.transport, Tokens(), self.clock))
        self.deployment = wiring.make_deployment(settings, self.ports)
        wiring.make_containers(self.ports)
        self.queue = QueueClient.from_connection_string(orders.settings["BATCHDROP_CONTROL"], NAME)

    def work(self) -> int:
        """Bring the open job to its end, then the next one as far as it goes. How many requests that took."""
        if self.orders.finish:
            triggers.on_drop(self.orders.finish, self.ports, self.deployment)  # its event comes again
            triggers.on_sweep(self.ports, self.deployment)
            self.settle()
        if self.orders.drop:
            self.ports.control.put(JOBS, self.orders.drop, self.orders.manifest.encode())
            self.transport.armed = True
            triggers.on_drop(self.orders.drop, self.ports, self.deployment)
            self.settle()
        return self.transport.requests

    def settle(self) -> None:
        for _ in range(LOOKS):
            triggers.on_tick(self.ports, self.deployment)
            self.deliver()
            if not self.open():
                return
            self.jump()
            time.sleep(PAUSE)
        raise AssertionError(f"still open: {self.open()}")

    def deliver(self) -> None:
        """Messages, one by one; each is deleted when it is done."""
        try:
            for message in self.queue.receive_messages(visibility_timeout=600):
                body = json.loads(base64.b64decode(message.content))
                triggers.on_wake(body, self.ports, self.deployment)
                self.queue.delete_message(message)
        except ResourceNotFoundError:
            return

    def jump(self) -> None:
        """To the next look at a job, where nothing is due before."""
        found = [store.load(self.ports.control, marker.job) for marker in self.open()]
        due = [loaded.record.next_look for loaded in found if loaded is not None]
        if due:
            self.clock.by += max(timedelta(0), min(due) - self.clock.now())

    def open(self) -> list[store.Marker]:
        return list(store.markers(self.ports.control))


def carried_out(orders: Orders) -> tuple[int, str]:
    """By a process of its own: its exit code, and what it said."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(writing, stream.fileno())
        try:
            with alone():
                print(Worker(orders).work(), flush=True)
        except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the process that forks
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def main() -> None:
    """A line of orders in, a line with what became of them out. To load all that a worker needs takes as long as its
    work, so it is loaded once, and each worker forked from here."""
    logging.disable(logging.CRITICAL)
    for name in SDKS:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(carried_out(Orders(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
