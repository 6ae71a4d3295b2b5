"""Two Batch accounts for the same tests: one in memory, one behind the SDK and the emulator's wire protocol.

A test says how its tasks end, lets them run, lets time pass; and sees nothing but the port.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from azure.core.credentials import AccessToken as ClientToken

from local.access_tokens import AccessToken
from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.execution import Failure, Launch, Outcome
from local.batch_emulator.faults import RunFault
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Fault, Quota, Settings
from local.certificates import Certificate
from shared.arm_ids import BatchAccountId
from shared.azure.batch import AzureBatch
from shared.azure.batch_door import BatchKey
from shared.azure.batch_modes import by_identity, by_keys
from shared.azure.line import Line
from shared.names import EXPIRES_KEY, JOB_KEY, OWNER_KEY
from shared.ports import BatchPort
from shared.settings import IdentityMode
from shared.specs import (
    JobSpec,
    MountSpec,
    OutputFile,
    PoolSpec,
    Preparation,
    RegistrySpec,
    ResourceFile,
    Site,
    Source,
    TaskSpec,
)
from tests.fakes.batch import FakeBatch
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import VirtualClock
from tests.fakes.secrets import MemorySecrets
from tests.fakes.tasks import TaskEnd

OWNED = ((OWNER_KEY, "0123456789abcdef"), (JOB_KEY, "bd-a"), (EXPIRES_KEY, "2026-02-01T00:00:00Z"))
FORMULA = "$TargetDedicatedNodes = 1; $NodeDeallocationOption = taskcompletion;"
ACCOUNT = BatchAccountId("11111111-1111-1111-1111-111111111111", "rg", DEVELOPMENT_ACCOUNT)
NODE_IDENTITY = (
    f"/subscriptions/{ACCOUNT.subscription}/resourceGroups/rg/providers"
    "/Microsoft.ManagedIdentity/userAssignedIdentities/nodes"
)
UNTIL = datetime(2027, 1, 1, tzinfo=UTC)
MOUNTS = (MountSpec("bd-a-output", "output", read_only=False), MountSpec("data", "source", read_only=True, until=UNTIL))


class Tokens:
    """A credential for whatever scope is asked for."""

    def get_token(self, *scopes: str, **_: object) -> ClientToken:
        now = int(time.time())
        token = AccessToken(scopes[0].removesuffix("/.default"), now - 10, now + 3600)
        return ClientToken(token.encode(), now + 3600)


class Ground(Protocol):
    """A Batch account and what moves it. Tasks end well unless `ends` says otherwise."""

    ends: dict[str, TaskEnd]

    @property
    def batch(self) -> BatchPort: ...

    def run(self) -> None:
        """Every task that can run does, to its end."""

    def pass_time(self, span: timedelta) -> None: ...

    def unprepare(self, job_id: str) -> None:
        """The job's preparation fails once on the one node, as its files cannot be had just then."""

    def at_once(self) -> int:
        """How many tasks of all jobs are running once some time has passed; none of them ends meanwhile."""


class MemoryGround:
    """The fake."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.batch = FakeBatch(self.clock)
        self.ends: dict[str, TaskEnd] = {}

    def run(self) -> None:
        self.batch.run(lambda task: self.ends.get(task.id, TaskEnd()))

    def pass_time(self, span: timedelta) -> None:
        self.clock.advance(span)

    def unprepare(self, job_id: str) -> None:
        self.batch.unprepare(job_id, "node-1")

    def at_once(self) -> int:
        self.batch.start()
        return sum(task.running for job in self.batch.jobs.values() for task in job.tasks.values())


class WireGround:
    """The edge, against the emulator, whose time passes only when a test says so."""

    def __init__(
        self, server: EmulatorServer, ends: dict[str, TaskEnd], launches: list[Launch], *, identity: bool = False
    ) -> None:
        self.server, self.ends, self.launches = server, ends, launches
        self.program: Callable[[Launch], Outcome | None] | None = None
        """Instead of `ends`: how a run fares; None = it goes on."""
        self.secrets = MemorySecrets({"registry-password": "hunter2", "batch-key": DEVELOPMENT_KEY})
        self.signer = MemoryBlobs(VirtualClock(), "work")
        self.batch = self.connect_by_identity() if identity else self.connect(DEVELOPMENT_KEY)

    def connect(self, key: str) -> AzureBatch:
        """A port that knows this account key; the vault holds the right one."""
        known = BatchKey(DEVELOPMENT_ACCOUNT, lambda: key, lambda: self.secrets.get("batch-key"))
        return by_keys(self.server.url, self.signer, self.secrets, known)

    def connect_by_identity(self, mode: IdentityMode | None = None) -> AzureBatch:
        """A port in identity mode: tokens over https, pools by ARM."""
        url = str(self.server.secure_url)
        mode = mode or IdentityMode(ACCOUNT, NODE_IDENTITY, url)
        return by_identity(url, self.signer, self.secrets, mode, Line(credential=Tokens()))

    def run(self) -> None:
        self.pass_time(timedelta(seconds=60))

    def pass_time(self, span: timedelta) -> None:
        self.server.emulator.advance(span)

    def unprepare(self, job_id: str) -> None:
        failure = Failure("servererror", "BlobDownloadMiscError", "it was not to be had")
        fault = RunFault("jobpreparation", "*", job_id, "*", 1, Outcome(None, failure))
        self.server.emulator.world.faults.runs.append(fault)
        self.pass_time(timedelta(seconds=5))

    def at_once(self) -> int:
        self.program = lambda launch: None
        self.pass_time(timedelta(seconds=60))
        jobs = self.server.emulator.world.account.jobs.values()
        return sum(task.state == "running" for job in jobs for task in job.tasks.values())

    def fail(self, operation: str, status: int, code: str, *, times: int = 1, retry_after: int | None = None) -> None:
        """The next calls of an operation are refused by the service."""
        self.server.emulator.world.faults.calls.append(Fault(operation, times, status, code, retry_after))

    @property
    def quota(self) -> Quota:
        return self.server.emulator.world.quota


@contextmanager
def wire_ground(folder: Path, certificate: Certificate | None = None) -> Iterator[WireGround]:
    """An emulated account on a free port, its tasks Python functions; with a certificate, in identity mode."""
    ends: dict[str, TaskEnd] = {}
    launches: list[Launch] = []
    grounds: list[WireGround] = []

    def program(launch: Launch) -> Outcome | None:
        launches.append(launch)
        if grounds and grounds[0].program:
            return grounds[0].program(launch)
        return _outcome(ends.get(launch.task_id or "", TaskEnd()))

    settings = Settings(folder, boot_seconds=1, delete_seconds=20)
    execution = CallableExecution(program)
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, execution, DrivenClock(), settings=settings)
    files = (certificate.certificate, certificate.key) if certificate else None
    secure = 0 if certificate else None
    with EmulatorServer(emulator, certificate=files, secure_port=secure, progress=False) as server:
        ground = WireGround(server, ends, launches, identity=certificate is not None)
        grounds.append(ground)
        try:
            yield ground
        finally:
            ground.batch.close()


def _outcome(end: TaskEnd) -> Outcome:
    if end.success:
        return Outcome(0, None)
    failure = Failure(end.category or "usererror", end.code or "FailureExitCode", end.message or "it failed")
    return Outcome(end.exit_code, failure)


def a_pool(pool_id: str, **more: object) -> PoolSpec:
    values: dict[str, object] = {
        "id": pool_id,
        "vm_size": "Standard_D2s_v3",
        "publisher": "microsoft-dsvm",
        "offer": "ubuntu-hpc",
        "sku": "2204",
        "node_agent": "batch.node.ubuntu 22.04",
        "slots": 4,
        "formula": FORMULA,
        "evaluation_interval": timedelta(minutes=5),
        "container_images": ("reg.example/app:1",),
        "site": Site(registries=(RegistrySpec("reg.example", "puller", "registry-password"),)),
        "metadata": OWNED,
    }
    return PoolSpec(**{**values, **more})  # type: ignore[arg-type]  # values are the fields' own


def a_job(job_id: str, pool_id: str, **more: object) -> JobSpec:
    values: dict[str, object] = {
        "id": job_id,
        "pool_id": pool_id,
        "priority": 0,
        "max_wall_clock": timedelta(days=7, hours=1),
        "environment": (("SECRET", "s"),),
        "preparation": None,
        "metadata": OWNED,
    }
    return JobSpec(**{**values, **more})  # type: ignore[arg-type]  # as above


def a_task(number: int, **more: object) -> TaskSpec:
    values: dict[str, object] = {
        "id": f"t-{number:06d}",
        "image": "reg.example/app:1",
        "run_options": ("-v", "$AZ_BATCH_TASK_WORKING_DIR:/batchdrop"),
        "arguments": ("--in", "/batchdrop/a b"),
        "image_working_directory": False,
        "environment": (("INPUT_PATH", "/batchdrop/input"),),
        "resource_files": (ResourceFile(Source("bd-a-input", f"{number}", True), "input"),),
        "output_files": (OutputFile("out/*", "bd-a-output", f"t-{number:06d}", "success"),),
        "max_wall_clock": timedelta(hours=6),
        "max_retries": 3,
        "mounts": (("Task", False),),
    }
    return TaskSpec(**{**values, **more})  # type: ignore[arg-type]  # as above


def a_preparation() -> Preparation:
    source = Source("reference", "db.tar", False, UNTIL)
    return Preparation("/bin/sh -c true", (ResourceFile(source, "db.tar"),))
