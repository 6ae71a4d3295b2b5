"""What runs on emulated nodes: a Python function is the image; files come from and go to the storage in memory."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from local.batch_emulator.execution import Failure, Launch, Outcome
from shared.ports import Clock
from shared.specs import OutputFile, ResourceFile, ResourceFolder, Source, TaskSpec
from tests.fakes.tasks import TaskEnd
from tests.fakes.world import World
from tests.loop.ground import Container, Program, run_task

Run = tuple[str, str | None, str | None, int]


class Node:
    """Runs `program` for each task once it has lasted `lasts` of the account's time. Job preparations end well, unless
    `unprepared` says what they complain of.

    A program that answers None on `stays` never ends by itself.
    """

    def __init__(self, world: World, clock: Clock) -> None:
        self.program: Program = write_line
        self.lasts = timedelta(0)
        self.stays = False
        self.unprepared: str | None = None
        self.ran: set[tuple[str, str]] = set()
        """(kind of task, node) of all that was started."""
        self.launches: list[Launch] = []
        """All that was started, in order."""
        self._started: set[tuple[str, Run]] = set()
        self._world, self._clock = world, clock
        self._begun: dict[Run, datetime] = {}

    def __call__(self, launch: Launch) -> Outcome | int | None:
        self.ran.add((launch.kind, launch.node_id))
        run = (launch.node_id, launch.job_id, launch.task_id, launch.attempt)
        if (launch.kind, run) not in self._started:
            self._started.add((launch.kind, run))
            self.launches.append(launch)
        if launch.kind == "jobpreparation" and self.unprepared is not None:
            return complain(launch, self.unprepared)
        if launch.kind != "task":
            return 0
        begun = self._begun.setdefault(run, self._clock.now())
        if self.stays or self._clock.now() - begun < self.lasts:
            return None
        del self._begun[run]
        return outcome(run_task(spec_of(launch), self.program, self._world))


def complain(launch: Launch, said: str) -> int:
    """What a program does that cannot go on: a word to stderr, and 2."""
    folder = launch.node_root / "workitems" / str(launch.job_id) / "job-1" / str(launch.task_id)
    (folder / "stderr.txt").write_text(said, encoding="utf-8")
    return 2


def write_line(container: Container) -> None:
    """The program where a test names no other: its task's id as one line, in a file of its own where none is named."""
    name = None if "OUTPUT_PATH" in container.env else "1.txt"
    container.write(f"{container.spec.id}\n".encode(), name)


def outcome(end: TaskEnd) -> Outcome:
    if end.success:
        return Outcome(0, None)
    if not end.code:
        return Outcome(end.exit_code, None)
    return Outcome(end.exit_code, Failure(end.category or "usererror", end.code, end.message))


def spec_of(launch: Launch) -> TaskSpec:
    """A task as it came over the wire, for the one who plays the node."""
    body = launch.task
    resources = body.get("resourceFiles", [])
    return TaskSpec(
        id=str(launch.task_id),
        image=body["containerSettings"]["imageName"],
        run_options=(),
        arguments=tuple(shlex.split(body["commandLine"])),
        image_working_directory=False,
        environment=tuple(launch.environment.items()),
        resource_files=tuple(resource(each) for each in resources if "httpUrl" in each),
        output_files=tuple(output(each) for each in body.get("outputFiles", [])),
        max_wall_clock=timedelta(0),
        max_retries=0,
        mounts=(),
        folders=tuple(folder(each) for each in resources if "storageContainerUrl" in each),
    )


def resource(given: Mapping[str, Any]) -> ResourceFile:
    container, _, blob = path_of(given["httpUrl"]).partition("/")
    return ResourceFile(Source(container, blob, job_container=True), given["filePath"])


def folder(given: Mapping[str, Any]) -> ResourceFolder:
    return ResourceFolder(path_of(given["storageContainerUrl"]), given["blobPrefix"], given["filePath"])


def output(given: Mapping[str, Any]) -> OutputFile:
    into = given["destination"]["container"]
    condition = given["uploadOptions"]["uploadCondition"].removeprefix("task")
    return OutputFile(given["filePattern"], path_of(into["containerUrl"]), into["path"], condition)


def path_of(url: str) -> str:
    return unquote(urlsplit(url).path).lstrip("/")
