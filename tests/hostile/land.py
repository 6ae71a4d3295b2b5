"""One Batch account and one work account; the controllers that share them; what people, nodes and vandals do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from controller import triggers
from controller.budget import Pace
from controller.deployment import Deployment
from shared.errors import Transient, Vanished
from shared.names import JOBS, RESULTS, STATE, STATUS, owner
from shared.policy import parse_policy
from shared.ports import Ports, TaskCounts
from shared.specs import TaskSpec
from tests.fakes.batch import FakeBatch
from tests.fakes.clock import VirtualClock
from tests.fakes.events import MemoryEvents
from tests.fakes.faults import port
from tests.fakes.locks import MemoryLocks
from tests.fakes.queue import MemoryQueue
from tests.fakes.secrets import MemorySecrets
from tests.fakes.tasks import TaskEnd
from tests.fakes.world import World
from tests.hostile.foreign import settle_in
from tests.hostile.jobs import POOL, SOURCES, program
from tests.hostile.witness import Watched, Witness
from tests.hostile.worker import Worker
from tests.loop.ground import POLICY, run_task
from tests.loop.mounts import NotThere

Trigger = Callable[[Ports], None]
NO_CONTAINER = 125
"""What the engine ends with when it could not start one."""


class LaggingBatch(FakeBatch):
    """`old`: what `task_counts` answers for a job, whatever is true by now."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.old: dict[str, TaskCounts] = {}

    @port
    def task_counts(self, job_id: str) -> TaskCounts:
        true = FakeBatch.task_counts(self, job_id)
        return self.old.get(job_id, true)

    def lag(self) -> None:
        """From now on counts stay as they are."""
        self.old = {name: FakeBatch.task_counts(self, name) for name in list(self.jobs) if self.job(name)}


@dataclass
class Hint:
    """Something that may reach the controller: once, twice, late or never."""

    what: str
    trigger: Trigger


class Site:
    """One deployment: its control account, its queue and topic, and the hints under way to it."""

    def __init__(self, name: str, land: Land) -> None:
        self.name, clock = name, land.clock
        self.control = Watched(clock, name)
        self.control.witness = land.witness
        for container in (JOBS, STATUS, STATE):
            self.control.create_container(container, {})
        locks, queue, events, secrets = MemoryLocks(clock), MemoryQueue(clock), MemoryEvents(), MemorySecrets()
        ports = Ports(self.control, land.work, land.batch, locks, queue, events, secrets, clock)
        self.world = World(ports, clock, self.control, land.work, land.batch, locks, queue, events, secrets)
        policy = parse_policy(POLICY).model_copy(update={"pools": (POOL,)})
        self.deployment = Deployment(owner(name, "test"), lambda: policy, Pace(5, 30))
        self.hints: list[Hint] = []
        self.dead: set[str] = set()
        """Timers of the platform that have stopped for good."""

    def drop(self, path: str, manifest: str, events: int) -> None:
        self.control.put(JOBS, path, manifest.encode())
        self.hints += [self.dropped(path) for _ in range(events)]

    def dropped(self, path: str) -> Hint:
        return Hint(f"drop {path}", lambda ports: triggers.on_drop(path, ports, self.deployment))

    def collect(self) -> None:
        """Events that were sent and messages that are due become hints."""
        for job, wake in self.world.events.sent:
            self.hints.append(Hint("event", self._event({"job": job, "wake": wake})))
        self.world.events.sent.clear()
        self.hints += [Hint(str(message["kind"]), self._message(message)) for message in self.world.queue.take()]

    def _event(self, data: dict[str, Any]) -> Trigger:
        return lambda ports: triggers.on_tasks_ended(data, ports, self.deployment)

    def _message(self, message: dict[str, str | int]) -> Trigger:
        return lambda ports: triggers.on_wake(message, ports, self.deployment)

    def timers(self) -> dict[str, Trigger]:
        return {
            "tick": lambda ports: triggers.on_tick(ports, self.deployment),
            "sweep": lambda ports: triggers.on_sweep(ports, self.deployment),
            "reap": lambda ports: triggers.on_reap(ports, self.deployment),
        }

    def open_jobs(self) -> list[str]:
        return [item.name.partition("-")[2] for item in self.control.list(STATE, "open/")]


@dataclass
class Land:
    """All that there is. `spoilt`: the jobs that someone harmed, and the names their ends may have besides."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    witness: Witness = field(default_factory=Witness)
    workers: list[Worker] = field(default_factory=list)
    frozen: list[Worker] = field(default_factory=list)
    """Workers that wake up only when all is over."""
    spoilt: dict[str, set[str]] = field(default_factory=dict)
    cancelled: set[tuple[str, str]] = field(default_factory=set)
    """Sites and paths that a cancel was dropped for."""
    inputs_changed: bool = False
    idled: bool = False
    """Nodes have let tasks wait for half an hour, perhaps more than once: an hour of it ends a job."""
    story: list[str] = field(default_factory=list)
    """What happened, for who reads that it went wrong."""

    def __post_init__(self) -> None:
        self.batch = LaggingBatch(self.clock)
        self.work = Watched(self.clock, "work")
        self.work.witness = self.witness
        for container in (RESULTS, "data", "reference"):
            self.work.create_container(container, {})
        for path, content in SOURCES.items():
            self.work.put("data", path, content)
        self.sites = [Site("one", self), Site("two", self)]
        settle_in(self.batch, self.work)

    def start(self, site: Site, hint: Hint, skew: timedelta, calls: int | None) -> Worker:
        """A worker takes a hint, and comes as far as that many calls."""
        worker = Worker(hint.trigger, site.world.ports, skew, lambda: site.hints.append(hint))
        self.workers.append(worker)
        self.go(worker, calls)
        return worker

    def go(self, worker: Worker, calls: int | None) -> None:
        worker.go(calls)
        if worker.done:
            self.workers = [each for each in self.workers if each is not worker]
        if worker.error is not None:
            self.witness.wrongs.append(f"out of a trigger came {worker.error!r}")

    def run_tasks(self, most: int | None) -> None:
        self.batch.run(self.run_task, most)

    def run_task(self, spec: TaskSpec) -> TaskEnd:
        try:
            return run_task(spec, program, self.sites[0].world)
        except (Vanished, Transient) as error:
            return TaskEnd(None, "usererror", "FileUploadContainerNotFound", str(error))
        except NotThere as error:
            return TaskEnd(NO_CONTAINER, message=str(error))

    def tell(self, line: str) -> None:
        self.story.append(line)

    def excuse(self, job: str, *codes: str) -> None:
        self.spoilt.setdefault(job, set()).update(codes)
