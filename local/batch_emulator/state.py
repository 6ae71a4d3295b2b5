"""What the account holds: pools with their nodes, jobs with their tasks. Plain data; the rules are elsewhere."""

from bisect import bisect_right
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from local.batch_emulator.execution import Failure, Handle, Launch

Wire = dict[str, Any]


@dataclass(slots=True)
class Resource:
    """What pools, jobs and tasks have in common. `spec` is the body the user gave, kept up to date."""

    id: str
    number: int
    spec: Wire
    created: datetime
    etag: str
    modified: datetime
    state: str = "active"
    state_since: datetime = field(init=False)
    previous_state: str | None = None
    previous_since: datetime | None = None

    def __post_init__(self) -> None:
        self.state_since = self.created

    @property
    def key(self) -> str:
        """The id as it is compared: without case."""
        return self.id.lower()


@dataclass(slots=True)
class Attempt:
    """How a task, a job preparation task or a start task has fared so far on its node."""

    start: datetime | None = None
    end: datetime | None = None
    exit_code: int | None = None
    failure: Failure | None = None
    container_id: str | None = None
    retry_count: int = 0
    last_retry: datetime | None = None

    @property
    def result(self) -> str | None:
        """`success` or `failure` once it ended."""
        if self.end is None:
            return None
        return "failure" if self.failure else "success"


@dataclass(slots=True)
class Task(Resource):
    """A task of a job. `node` is where it runs or ran last."""

    run: Attempt = field(default_factory=Attempt)
    job_id: str = ""
    requeue_count: int = 0
    last_requeue: datetime | None = None
    slots: int = 1
    node: "Node | None" = None
    directory: Path | None = None
    cleaned_up: bool = False


@dataclass(slots=True)
class Running:
    """A run that was started and has not ended."""

    launch: Launch
    handle: Handle
    attempt: Attempt


@dataclass(slots=True)
class Preparation:
    """The job preparation task of one job on one node. `waiting` tasks start once it succeeded."""

    job: "Job"
    node: "Node"
    running: Running | None
    attempt: Attempt
    directory: Path
    waiting: "list[Task]" = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether tasks of the job may run on the node."""
        waits = self.job.spec["jobPreparationTask"].get("waitForSuccess", True)
        return not waits or self.attempt.result == "success"

    @property
    def spoilt(self) -> bool:
        """Whether the node is closed to the job's tasks because the preparation failed."""
        return self.attempt.result == "failure" and not self.ready


@dataclass(slots=True)
class Node:
    """A machine of a pool. `due` is when its next state begins; `tasks` are those that hold slots on it."""

    id: str
    number: int
    pool: "Pool"
    dedicated: bool
    root: Path
    state: str
    state_since: datetime
    allocated: datetime
    due: datetime | None
    booted: datetime | None = None
    scheduling: bool = True
    tasks: dict[tuple[str, str], Task] = field(default_factory=dict)
    runs: dict[tuple[str, str], Running] = field(default_factory=dict)
    used_slots: int = 0
    errors: list[Wire] = field(default_factory=list)
    start_task: Running | None = None
    start_attempt: Attempt | None = None
    preparations: dict[str, Preparation] = field(default_factory=dict)
    releases: dict[str, Running] = field(default_factory=dict)
    total_run: int = 0
    total_succeeded: int = 0
    recent: deque[Task] = field(default_factory=lambda: deque(maxlen=10))
    waits_for_tasks: bool = False
    machine: Handle | None = None
    booting: bool = False


@dataclass(slots=True)
class Pool(Resource):
    """A pool. Targets and the last autoscale run are the service's; the rest is in `spec`."""

    target_dedicated: int = 0
    target_low_priority: int = 0
    allocation: str = "steady"
    allocation_since: datetime = field(init=False)
    resize_due: datetime | None = None
    resize_errors: list[Wire] = field(default_factory=list)
    deallocation: str = "requeue"
    nodes: dict[str, Node] = field(default_factory=dict)
    nodes_made: int = 0
    autoscale_run: Wire | None = None
    autoscale_due: datetime | None = None
    autoscale_enabled: datetime | None = None
    samples: dict[str, deque[tuple[datetime, float]]] = field(default_factory=dict)
    sample_due: datetime | None = None
    delete_due: datetime | None = None

    def __post_init__(self) -> None:
        self.state_since = self.created
        self.allocation_since = self.created

    @property
    def slots(self) -> int:
        """Task slots of each node."""
        return int(self.spec.get("taskSlotsPerNode", 1))

    @property
    def containers(self) -> Wire | None:
        """The container configuration, if the pool runs containers."""
        found: Wire | None = self.spec["virtualMachineConfiguration"].get("containerConfiguration")
        return found

    @property
    def mounts(self) -> list[Wire]:
        """What its nodes mount."""
        return list(self.spec.get("mountConfiguration", []))

    @property
    def identities(self) -> tuple[str, ...]:
        """The resource ids of the identities that its nodes bear."""
        return tuple((self.spec.get("identity") or {}).get("userAssignedIdentities", {}))


@dataclass(slots=True)
class Tally:
    """Counts of a job's tasks, by state and by result: of tasks and of the slots they need."""

    tasks: Counter[str] = field(default_factory=Counter)
    slots: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, slots: int, sign: int = 1) -> None:
        """Count one task more, or with sign -1 one less."""
        self.tasks[name] += sign
        self.slots[name] += sign * slots


@dataclass(slots=True)
class Job(Resource):
    """A job. `sorted_keys` are those of its tasks, in order; `queues` hold the active ones by slots."""

    tasks: dict[str, Task] = field(default_factory=dict)
    tasks_made: int = 0
    sorted_keys: list[str] = field(default_factory=list)
    queues: dict[int, OrderedDict[str, Task]] = field(default_factory=dict)
    held: dict[str, Task] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    shown: deque[tuple[datetime, Wire]] = field(default_factory=deque)
    ended: datetime | None = None
    reason: str | None = None
    due: datetime | None = None
    disable_tasks: str = "requeue"

    @property
    def pool_key(self) -> str:
        """The key of the pool it wants to run on, whether that exists or not."""
        return str(self.spec["poolInfo"]["poolId"]).lower()

    def after(self, key: str) -> Iterator[tuple[str, Task]]:
        """Give its tasks whose key is greater, in order of their ids."""
        for index in range(bisect_right(self.sorted_keys, key), len(self.sorted_keys)):
            found = self.sorted_keys[index]
            yield found, self.tasks[found]
