"""A local stack whose Functions host comes to its services through doors."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from local.program import NotReady
from local.stack import Stack
from local.stack.host_program import LocalHost
from local.stack.layout import CHECKOUT
from local.stack.ports import free_port
from tests.load.door import Door, of_batch, of_storage, opened

STORAGE = ("BlobEndpoint", "QueueEndpoint")
ACCOUNTS = ("AzureWebJobsStorage", "BATCHDROP_CONTROL", "BATCHDROP_WORK")
BATCH, VAULT = "BATCHDROP_BATCH_ENDPOINT", "BATCHDROP_KEY_VAULT"


@dataclass
class Doors:
    """By the name of what they stand before; opened when the stack knows its addresses."""

    dice: Random
    opened: ExitStack
    by_name: dict[str, Door] = field(default_factory=dict)

    def steer(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The same settings, by way of the doors."""
        parts = dict(part.partition("=")[::2] for part in settings[ACCOUNTS[0]].split(";") if part)
        urls = {name: parts[name] for name in STORAGE} | {name: settings[name] for name in (BATCH, VAULT)}
        words = dict.fromkeys(STORAGE, of_storage) | {BATCH: of_batch}
        self.by_name = {name: Door(urlsplit(url).port or 0, words.get(name), self.dice) for name, url in urls.items()}
        self.opened.enter_context(opened(list(self.by_name.values())))
        there = {name: moved(url, self.by_name[name].port) for name, url in urls.items()}
        storage = ";".join(f"{name}={there.get(name, value)}" for name, value in parts.items())
        return {**settings, **dict.fromkeys(ACCOUNTS, storage), BATCH: there[BATCH], VAULT: there[VAULT]}

    @property
    def storage(self) -> list[Door]:
        return [self.by_name[name] for name in STORAGE]

    @property
    def minutes(self) -> Counter[int]:
        """Requests of the host in each minute, to storage and Batch."""
        return sum((door.minutes for door in self.by_name.values()), Counter[int]())

    @property
    def faults(self) -> Counter[str]:
        return sum((door.faults for door in self.by_name.values()), Counter[str]())


@contextmanager
def shaken_stack(folder: Path, dice: Random) -> Iterator[tuple[Stack, Doors]]:
    with ExitStack() as opened_doors:
        doors = Doors(dice, opened_doors)
        with Stack(folder, batch_admin=True, steer=doors.steer) as stack:
            yield stack, doors


class OtherHost(threading.Thread):
    """A second Functions host of the same app, as scaling out would bring, from `start` to `end`."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(name="other host")
        self._host = LocalHost(CHECKOUT, free_port(), stack.settings, stack.layout.log("other-host"))
        self._ended = threading.Event()
        self.came = False

    def run(self) -> None:
        """It ends with the thread that starts it, so that one waits."""
        try:
            program = self._host.start()
        except NotReady:
            return  # storage said no meanwhile: then nobody works while the first one is frozen
        self.came = True
        self._ended.wait()
        program.stop()

    def end(self) -> None:
        """By SIGTERM."""
        self._ended.set()
        self.join()


def moved(url: str, port: int) -> str:
    return urlsplit(url)._replace(netloc=f"127.0.0.1:{port}").geturl()
