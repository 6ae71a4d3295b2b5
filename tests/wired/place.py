"""A running deployment in one process: drop a manifest, let host, nodes and time do their work, read what came of it.

The host is modelled on the real one: a blob's event and a queue's message come again, ten minutes later, when the
process that had them died; a timer just fires the next time; Event Grid delivers again; what starts anew looks through
the drop box.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller import triggers, wiring
from controller.threads import alone
from local.in_process.exchange import Answer, Sent, Service
from local.in_process.transport import InProcess
from shared.azure.blobs import AzureBlobs
from shared.azure.line import Line
from shared.azure.queue import NAME
from shared.names import JOBS, RESULTS, STATE, STATUS
from shared.settings import read_settings
from tests.loop.ground import POLICY, Program
from tests.wired.services import Services, Tokens

AGAIN = timedelta(minutes=10)
"""How long the host keeps a message to itself."""
RESTART = timedelta(seconds=31)
"""From a process's death to the next one's first trigger: its locks have run out."""
TICKS = 4
"""Steps of the nodes in each round."""


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


@dataclass
class Announced:
    """A blob's event in the host's own queue, or an event of the topic on its way: visible from then on."""

    due: datetime
    run: Callable[[], None]


class Place:
    """`way` is what stands between the controller and the services; the person's own requests do not pass it.
    `made` gets the place before the first process starts."""

    def __init__(
        self,
        program: Program,
        way: Callable[[Service], Service] = lambda service: service,
        services: Services | None = None,
        made: Callable[[Place], object] = lambda place: None,
    ) -> None:
        self.services = services or Services(program)
        self.clock = self.services.clock
        self._way = way
        self.settings = read_settings(self.services.environment())
        mine = Line(InProcess(self.services.internet, self._pause), clock=self.clock)
        self.control, self.work = AzureBlobs(self.settings.control, by=mine), AzureBlobs(self.settings.work, by=mine)
        self.announced: list[Announced] = []
        self.deaths = 0
        self.trigger, self.triggers = "", 0
        """What the host is running now, and how many it has run."""
        self.verdicts: set[str] = set()
        """All that were ever saved."""
        self._note_verdicts()
        made(self)
        for container in ("data", "reference"):
            self.work.create_container(container, {})
        self.control.create_container(STATE, {})
        self.control.put(STATE, "policy.yaml", POLICY)
        self.start()

    def start(self) -> None:
        """A process with nothing in its memory."""
        line = Line(InProcess(self._way(self.services.internet), self._pause), Tokens(), self.clock)
        self.ports = wiring.make_ports(self.settings, line)
        self.deployment = wiring.make_deployment(self.settings, self.ports)
        self.run("start", self._at_start)

    def _at_start(self) -> None:
        wiring.make_containers(self.ports)
        triggers.on_sweep(self.ports, self.deployment)

    def run(self, trigger: str, handler: Callable[[], None]) -> bool:
        """One trigger; False when its process died of it. Then another process is there, half a minute later."""
        self.trigger, self.triggers = trigger, self.triggers + 1
        try:
            with self.order():
                handler()
        except Killed:
            self.deaths += 1
            self.pass_time(RESTART)
            self.start()
            return False
        return True

    def order(self) -> AbstractContextManager[None]:
        """In which triggers run: no threads, so that the same requests are sent in the same order each time."""
        return alone()

    def _note_verdicts(self) -> None:
        hosts, host = self.services.internet.hosts, "control.blob.localhost"
        store = hosts[host]

        def noting(sent: Sent) -> Answer:
            answer = store(sent)
            if answer.status == 201 and sent.path.startswith(f"/{STATE}/records/"):
                verdict = json.loads(sent.body)["verdict"]
                self.verdicts |= {json.dumps(verdict)} if verdict else set()
            return answer

        hosts[host] = noting

    # ------------------------------------------------------------------ people

    def put(self, path: str, content: bytes) -> None:
        container, _, name = path.partition("/")
        self.work.put(container, name, content)

    def drop(self, content: str, path: str = "job.yaml") -> None:
        """A blob into the drop box; the host has its event."""
        self.control.put(JOBS, path, content.encode())
        self.announce(lambda: triggers.on_drop(path, self.ports, self.deployment))

    def status(self, path: str = "job.yaml") -> dict[str, Any]:
        return self._json(self.control.read(STATUS, f"{path}.json"))

    def result(self, job: str) -> dict[str, Any]:
        return self._json(self.work.read(RESULTS, f"{job}/result.json"))

    def blob(self, path: str) -> bytes:
        container, _, name = path.partition("/")
        found = self.work.read(container, name)
        assert found is not None, f"no blob {path}"
        return found.content

    def _json(self, blob: Any) -> dict[str, Any]:
        assert blob is not None
        return dict(json.loads(blob.content))

    # ------------------------------------------------------------------ the host

    def announce(self, handler: Callable[[], None], after: timedelta = timedelta(0)) -> None:
        self.announced.append(Announced(self.clock.now() + after, handler))

    def deliver(self) -> None:
        """Blob events, events of the topic and messages that are due, one after the other."""
        for event in self.services.inbox.events:
            data = dict(event["data"])
            self.announce(lambda data=data: triggers.on_tasks_ended(data, self.ports, self.deployment))
        self.services.inbox.events.clear()
        for due in [each for each in self.announced if each.due <= self.clock.now()]:
            due.due = self.clock.now() + AGAIN
            if self.run("event", due.run):
                self.announced = [each for each in self.announced if each is not due]
        while (message := self._take()) is not None:
            body = json.loads(base64.b64decode(message.text))
            if self.run("message", lambda body=body: triggers.on_wake(body, self.ports, self.deployment)):
                self._messages().pop(message.id, None)

    def _take(self) -> Any:
        """The next message that is visible; invisible to others from now on."""
        now = self.clock.now()
        message = next((each for each in self._messages().values() if each.visible <= now), None)
        if message is not None:
            message.visible, message.taken = now + AGAIN, message.taken + 1
        return message

    def _messages(self) -> dict[str, Any]:
        queue = self.services.control.account.queues.get(NAME)
        return queue.messages if queue else {}

    def tick(self) -> None:
        self.run("timer", lambda: triggers.on_tick(self.ports, self.deployment))

    def reap(self) -> None:
        self.run("reaper", lambda: triggers.on_reap(self.ports, self.deployment))

    def round(self) -> None:
        """What is due is delivered; the timer fires; nodes come on a little."""
        self.deliver()
        self.tick()
        self.deliver()
        for _ in range(TICKS):
            self.pass_time(timedelta(seconds=1))

    def settle(self, rounds: int = 200) -> None:
        """Go on until no job is open and nothing is on its way; time jumps to what is due next."""
        for _ in range(rounds):
            self.round()
            if not self.open_jobs() and not self.announced:
                return
            self.pass_time(self._idle())
        raise AssertionError(f"still open: {self.open_jobs()}")

    # ------------------------------------------------------------------ time

    def pass_time(self, span: timedelta) -> None:
        self.clock.advance(span)
        self.services.batch.tick()

    def _pause(self, seconds: float) -> None:
        self.pass_time(timedelta(seconds=seconds))

    def _idle(self) -> timedelta:
        """How long nothing is due: the next look at a job, the next message or event; a day at most."""
        moments = [self._record(job)["next_look"] for job in self.open_jobs()]
        due = [datetime.fromisoformat(moment) for moment in moments]
        due += [each.due for each in self.announced] + [self._next_message()]
        now = self.clock.now()
        return max(timedelta(0), min(each for each in due if each is not None) - now)

    def _next_message(self) -> datetime:
        """Of those about a job: the second clock's come every five minutes, whatever there is to do."""
        jobs = [each for each in self._messages().values() if b'"tick"' not in base64.b64decode(each.text)]
        visible = [each.visible for each in jobs]
        return min([*visible, self.clock.now() + timedelta(days=1)])

    def _record(self, job: str) -> dict[str, Any]:
        blob = self.services.control.account.containers[STATE].blobs.get(f"records/{job}.json")
        return json.loads(blob.content) if blob else {"next_look": self.clock.now().isoformat()}

    # ------------------------------------------------------------------ what is left

    def open_jobs(self) -> list[str]:
        blobs = self.services.control.account.containers[STATE].blobs
        return [name.partition("-")[2] for name in blobs if name.startswith("open/")]

    def left(self) -> list[str]:
        """Pools, jobs and containers that cost money."""
        account = self.services.batch.world.account
        containers = [f"container {name}" for name in self.services.work.account.containers if name.startswith("bd-")]
        return [f"pool {name}" for name in account.pools] + [f"job {name}" for name in account.jobs] + containers
