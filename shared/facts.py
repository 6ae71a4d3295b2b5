"""Facts that a record of a job holds: what it was dropped as, what was frozen, how far it has come."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.manifest.models import Manifest
from shared.names import JobId


class Fact(BaseModel):
    """Base of everything a record holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestRef(Fact):
    """Which version of which blob of the drop box this job is."""

    path: str
    etag: str
    modified: datetime
    sha256: str


class Delivery(Fact):
    """The same bytes, dropped again while the job was held."""

    path: str
    etag: str
    modified: datetime


class Key(Fact):
    """The idempotency key: `explicit` ones are held for 30 days after success."""

    blob: str
    explicit: bool


class Price(Fact):
    """Per node and hour, from the operator's policy at accept."""

    dedicated: float
    spot: float
    currency: str
    as_of: str | None = None


class Plan(Fact):
    """Frozen at accept. `manifest` has its long lists (items, sweep) and inline config left out: they are read from the
    bytes as accepted. Sizes that need the input come with `InputFact`."""

    manifest: Manifest
    unit_kind: str
    units: int | None
    """Known at accept for items, range and sweep."""
    price: Price | None = None
    cores: int | None = None
    """Of one node, where the policy says it."""
    to: str | None
    """Where the result is published, templates resolved; None = nowhere. With closing slash for files."""
    ext: str


class InputFact(Fact):
    """The input, as it was when it was there."""

    at: datetime
    blobs: int
    bytes: int
    first: str | None = None
    last: str | None = None
    etag: str | None = None
    """Of the one source blob."""
    packed: Literal["gzip"] | None = None
    """What the one source blob is packed with, told by its first bytes; None: nothing."""
    text: int | None = None
    """Its bytes once unpacked, where they were counted."""
    per_task: int | None = None
    """Units a task holds, where that is what sizes it."""
    bytes_per_task: int | None = None
    tasks: int | None = None
    """Predicted for streams, exact for lists."""


class SplitCursor(Fact):
    """How far the split has come: the next row, unit, byte."""

    rows: int = 0
    units: int = 0
    offset: int = 0
    done: datetime | None = None


class Retry(Fact):
    """Of a job that retries another: its rows are that job's, and most of them are done already."""

    of: tuple[JobId, ...]
    """The retried job first, then the one that it retried, and so on."""
    kept: int = 0
    """Rows whose outputs lie in the container of one of these jobs and count as they are."""
    copied: int = 0
    """The next row whose input is to be copied."""


class Progress(Fact):
    """What the last look at the world showed. For people: no decision rests on it."""

    at: datetime
    active: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    nodes_running: int = 0
    nodes_starting: int = 0
    nodes_target: int = 0
    nodes: int = 0
    """In any state: all are paid for."""
    spot_nodes: int = 0
    preempted_now: int = 0


class Usage(Fact):
    """Node time and preemptions, added up over passes."""

    node_seconds: float = 0.0
    spot_node_seconds: float = 0.0
    preemptions: int = 0
    retries: int = 0
    reactivations: int = 0
    day: str | None = None
    """The UTC day of the last node time, and how much of all that fell on it: what the daily cap counts."""
    day_seconds: float = 0.0


class Canary(Fact):
    """One task that was added before all others, on one node."""

    sent: datetime | None = None
    passed: datetime | None = None
    """It ended well, its outputs too."""
    opened: datetime | None = None
    """The pool's formula is that of all tasks."""


class SoFar(Fact):
    """What the failed tasks that were read by now come to, while the job runs. For people."""

    failed: int = 0
    """Units of tasks that will not run again."""
    skipped: int = 0
    skipped_tasks: int = 0


class ReimagedNode(Fact):
    """A node that the platform kept from making ready: it is given a new disk, and begins anew."""

    node: str
    failed: datetime
    """When the preparation ended that this is for: the same node may fail again."""
    code: str
    """The service's word for why."""
    noted: datetime
    time: int
    """1 = the job's first round of this."""
    asked: bool = False
    """Batch has taken the request."""


class Reimaged(Fact):
    """Counted before it is done. A node of an earlier round that fails again begins the next one."""

    rounds: int = 0
    nodes: tuple[ReimagedNode, ...] = ()
    """Each as it failed last."""
    refused: str | None = None
    """Batch does not do it for this pool, by its error code: it is not asked again."""


class LogsLost(Fact):
    """Logs of tasks that storage refused to give or to take: how many, the first names, what it said of the first."""

    count: int = 0
    first: tuple[str, ...] = ()
    why: str | None = None


class Spoken(Fact):
    """The last status that was written."""

    digest: str
    at: datetime
    state: str
