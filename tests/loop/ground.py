"""A whole controller in memory: drop a manifest, let hosts, nodes and time do their work, read what a person reads.

Nodes are simulated faithfully enough for the contract: resource files land under /batchdrop, a Python function is the
image, and what it leaves in the output folder is uploaded by the task's output files, on success or on failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from controller import triggers
from controller.budget import Pace
from controller.deployment import Deployment
from shared.names import JOBS, RESULTS, STATE, STATUS, owner
from shared.policy import Policy, parse_policy
from shared.specs import TaskSpec
from tests.fakes.tasks import TaskEnd
from tests.fakes.world import World, make_world
from tests.loop.mounts import bound, shown, written

POLICY = b"""
version: 1
images: ["localhost/**"]
read: ["data/**", "reference/**"]
write: ["results/**", "data/**"]
secrets: [task-password]
vmSizes: {Standard_D2s_v5: {cores: 2}}
caps: {maxNodes: 10}
defaults: {compute: {vmSize: Standard_D2s_v5}}
"""


@dataclass
class Container:
    """What a program sees: its environment, its words, its files; and where it writes."""

    spec: TaskSpec
    files: dict[str, bytes]
    stderr: str = ""

    @property
    def env(self) -> dict[str, str]:
        return dict(self.spec.environment)

    @property
    def args(self) -> list[str]:
        return list(self.spec.arguments or ())

    def read(self) -> bytes:
        return self.files[self.env["INPUT_PATH"]]

    def write(self, content: bytes, name: str | None = None) -> None:
        path = f"{self.env['OUTPUT_DIR']}/{name}" if name else self.env["OUTPUT_PATH"]
        self.files[path] = content

    def report(self, *rows: Any) -> None:
        lines = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        self.files[self.env["BATCHDROP_FAILED_PATH"]] = lines.encode()


Program = Callable[[Container], int | TaskEnd | None]


@dataclass
class Ground:
    """`drop` and `settle` are what tests need; the rest is to break things."""

    world: World = field(default_factory=make_world)
    policy: Policy = field(default_factory=lambda: parse_policy(POLICY))
    longest: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        self.deployment = Deployment(owner("control", "test"), lambda: self.policy, Pace(1, 5))
        for container in ("data", "reference"):
            self.world.work.create_container(container, {})

    # ------------------------------------------------------------------ people

    def put(self, path: str, content: bytes | str) -> str:
        """A blob in the work account."""
        container, _, name = path.partition("/")
        return self.world.work.put(container, name, content.encode() if isinstance(content, str) else content)

    def drop(self, manifest: str | bytes, path: str = "job.yaml", *, announce: int = 1) -> None:
        """A manifest into the drop box, with that many events."""
        self.world.control.put(JOBS, path, manifest.encode() if isinstance(manifest, str) else manifest)
        for _ in range(announce):
            self.event(path)

    def event(self, path: str = "job.yaml") -> None:
        triggers.on_drop(path, self.world.ports, self.deployment)

    def status(self, path: str = "job.yaml") -> dict[str, Any]:
        blob = self.world.control.read(STATUS, f"{path}.json")
        assert blob is not None, f"no status of {path}"
        return dict(json.loads(blob.content))

    def result(self, job: str) -> dict[str, Any]:
        blob = self.world.work.read(RESULTS, f"{job}/result.json")
        assert blob is not None, f"no result of {job}"
        return dict(json.loads(blob.content))

    def blob(self, path: str) -> bytes:
        container, _, name = path.partition("/")
        blob = self.world.work.read(container, name)
        assert blob is not None, f"no blob {path}"
        return blob.content

    # ------------------------------------------------------------------ the hosts and time

    def tick(self) -> None:
        triggers.on_tick(self.world.ports, self.deployment)

    def sweep(self) -> None:
        triggers.on_sweep(self.world.ports, self.deployment)

    def reap(self) -> None:
        triggers.on_reap(self.world.ports, self.deployment)

    def deliver(self) -> None:
        """Messages and events that are due; what a dying host had in its hands stays."""
        while self.world.events.sent:
            job, wake = self.world.events.sent[0]
            triggers.on_tasks_ended({"job": job, "wake": wake}, self.world.ports, self.deployment)
            self.world.events.sent.pop(0)
        due = self.world.queue.take()
        while due:
            try:
                triggers.on_wake(due[0], self.world.ports, self.deployment)
            except BaseException:
                for message in due:
                    self.world.queue.send(message)
                raise
            due.pop(0)

    def run_tasks(self, program: Program, most: int | None = None) -> int:
        return self.world.batch.run(lambda spec: run_task(spec, program, self.world), most)

    def round(self, program: Program, most: int | None = None, step: timedelta = timedelta(seconds=5)) -> None:
        """A tick, due messages, tasks, and a little time."""
        self.tick()
        self.deliver()
        self.run_tasks(program, most)
        self.world.clock.advance(step)

    def settle(self, program: Program, rounds: int = 400) -> None:
        """Go on until no job is open; time jumps to what the jobs wait for."""
        for _ in range(rounds):
            self.round(program)
            if not self.open_jobs():
                return
            self.world.clock.advance(self._idle())
        raise AssertionError(f"still open: {self.open_jobs()}")

    def _idle(self) -> timedelta:
        """How long nothing is due: the nearest next_look, a day at most."""
        records = [json.loads(self._state(f"records/{job}.json")) for job in self.open_jobs()]
        now = self.world.clock.now()
        waits = [type(now).fromisoformat(record["next_look"]) - now for record in records]
        return max(timedelta(0), min([*waits, timedelta(days=1)]))

    def open_jobs(self) -> list[str]:
        return [item.name.partition("-")[2] for item in self.world.control.list(STATE, "open/")]

    def _state(self, name: str) -> bytes:
        blob = self.world.control.read(STATE, name)
        assert blob is not None
        return blob.content

    # ------------------------------------------------------------------ what is left

    def left(self) -> list[str]:
        """Pools, jobs and containers that cost money."""
        pools = [f"pool {pool.id}" for pool in self.world.batch.owned_pools()]
        jobs = [f"job {job.id}" for job in self.world.batch.owned_jobs()]
        return pools + jobs + [f"container {item.name}" for item in self.world.work.list_containers("bd-")]


def run_task(spec: TaskSpec, program: Program, world: World) -> TaskEnd:
    """One run of one task, as a node does it."""
    container = Container(spec, {})
    for resource in spec.resource_files:
        blob = world.work.read(resource.source.container, resource.source.blob)
        if blob is None:
            return TaskEnd(None, "usererror", "BlobNotFound", f"{resource.source.blob} is not there")
        container.files[f"/batchdrop/{resource.path}"] = blob.content
    for folder in spec.folders:
        for item in world.work.list(folder.container, folder.prefix):
            blob = world.work.read(folder.container, item.name)
            assert blob is not None
            container.files[f"/batchdrop/{folder.path}/{item.name}"] = blob.content
    binds = bound(spec, world)
    before = dict(shown(binds, world))
    container.files |= before
    answer = program(container)
    written(binds, before, container.files, world)
    end = answer if isinstance(answer, TaskEnd) else TaskEnd(answer or 0)
    for output in spec.output_files:
        if output.condition in ("completion", "success" if end.success else "failure"):
            upload(container, output.pattern, output.container, output.path, world)
    return end


def upload(container: Container, pattern: str, target: str, path: str, world: World) -> None:
    """The three patterns that tasks use: the output folder, one file, the logs."""
    if pattern == "../std*.txt":
        world.work.put(target, f"{path}/stderr.txt", container.stderr.encode())
        world.work.put(target, f"{path}/stdout.txt", b"")
        return
    for name, content in container.files.items():
        relative = name.removeprefix("/batchdrop/")
        if pattern == "output/**/*" and relative.startswith("output/"):
            world.work.put(target, f"{path}/{relative.removeprefix('output/')}", content)
        elif relative == pattern:
            world.work.put(target, path, content)
