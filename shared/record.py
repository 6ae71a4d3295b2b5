"""The record of one job: what happened, as facts. The state people see is derived from them, never stored.

Frozen; every change is a new value; saved whole, under the ETag it was read with. `VERSION` rises with each change of
meaning: an older record is carried on, a newer one is left alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.manifest.models import Manifest
from shared.names import JobId, Owner

VERSION = 1
VerdictState = Literal["succeeded", "failed", "cancelled"]


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


class Counts(Fact):
    """Tasks or units; total = merged (units) or succeeded (tasks) + pending + failed + skipped + not_run."""

    failed: int = 0
    skipped: int = 0
    not_run: int = 0


class Failure(Fact):
    """Why it failed or waits: `code` of the closed list in `shared.codes`."""

    code: str
    message: str
    next: str | None = None
    evidence: dict[str, str | int | float | None] = {}
    task: str | None = None


class Waiting(Failure):
    since: datetime
    gives_up_at: datetime | None = None
    place: int | None = None


class Warned(Fact):
    code: str
    message: str


class Verdict(Fact):
    """Decided once. `outcome` names the blob with one byte a row; None where no row exists."""

    at: datetime
    state: VerdictState
    outcome: str | None
    tasks: Counts
    units: Counts
    tasks_succeeded: int
    empty_outputs: int = 0
    judged: bool = False
    """The outputs of the tasks that ended well were looked at, and frozen."""
    failure: Failure | None = None


class MergeCursor(Fact):
    """How far a merge has come: what is written survives the pass, and the next one goes on behind it."""

    way: Literal["composed", "streamed"] | None = None
    """Decided once, before the first block."""
    place: str | None = None
    """The blob that is being written, block by block (`container/blob`)."""
    block: int = 0
    """What its blocks are cut by: a deployment that cuts otherwise begins anew."""
    blocks: int = 0
    """The number of its next block."""
    rows: int = 0
    """Outputs passed, where each is handled by itself."""
    state: str | None = None
    """Streamed: where reading is taken up again, and what the joiner knew there. JSON; None = at the start."""
    skip: int = 0
    """Streamed: bytes between that point and the next block."""
    made: int = 0
    """Intermediate blobs committed."""
    files: int = 0
    bytes: int = 0
    """Copied, with merge.by files; as are names that could not be had, and the first of them."""
    taken: int = 0
    first_taken: str | None = None

    def of(self, place: str, block: int) -> MergeCursor:
        """Itself where it is about that blob, so cut; else a fresh one for it."""
        if (self.place, self.block) == (place, block):
            return self
        return MergeCursor(way=self.way, made=self.made, place=place, block=block)


class Merged(Fact):
    """The committed result. `path` is where a person finds it (`container/blob` or `container/prefix/`)."""

    at: datetime
    path: str | None
    blobs: int
    bytes: int
    etag: str | None
    hash_kind: Literal["sha256", "parts"] | None
    hash: str | None
    records: int | None
    by: str


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


class Spoken(Fact):
    """The last status that was written."""

    digest: str
    at: datetime
    state: str


Which = Literal["splitter", "recombiner"]


class Side(Fact):
    """The user's splitter or recombiner: a pool of one dedicated node and a job of one task, beside the job's own."""

    pool: datetime | None = None
    job: datetime | None = None
    ended: datetime | None = None
    failure: Failure | None = None
    dropped: datetime | None = None
    """Its deletion was asked for."""
    gone: datetime | None = None
    """Proved, by its 404s."""


class Record(Fact):
    version: int = VERSION
    revision: int = 0
    job: JobId
    owner: Owner
    manifest: ManifestRef
    deliveries: tuple[Delivery, ...] = ()
    replaces: JobId | None = None
    retry: Retry | None = None
    key: Key
    plan: Plan
    accepted: datetime

    admitted: datetime | None = None
    input: InputFact | None = None
    containers: datetime | None = None
    expires: datetime | None = None
    """Until when rights and marks hold unless they are moved on."""
    splitter: Side = Side()
    split: SplitCursor = SplitCursor()
    pool: datetime | None = None
    batch_job: datetime | None = None
    added: int = 0
    canary: Canary = Canary()
    first_node: datetime | None = None
    first_task: datetime | None = None
    failures_read: int = 0
    """Failed tasks handled while the job runs."""
    so_far: SoFar = SoFar()
    tasks_ended: datetime | None = None
    verdict: Verdict | None = None
    job_ended: datetime | None = None
    evidence: datetime | None = None
    logs_kept: bool = False
    """There is something below `logs/` under results."""
    logs_copied: str | None = None
    """With `logs: all`: the last blob that was copied."""
    logs_done: datetime | None = None
    pool_deletion_asked: datetime | None = None
    recombiner: Side = Side()
    merging: MergeCursor = MergeCursor()
    merged: Merged | None = None
    merge_failed: Failure | None = None
    final: datetime | None = None
    job_gone: datetime | None = None
    pool_gone: datetime | None = None
    cleaned: datetime | None = None
    held_by: tuple[JobId, ...] = ()
    """Retries that need the containers past their date."""
    containers_gone: datetime | None = None
    receipt_closed: datetime | None = None
    archived: datetime | None = None

    next_look: datetime
    wake: int = 0
    announced: bool = False
    """An event told that the tasks ended. Events can be lost for good: the next one is doubled by a message."""
    waiting: tuple[Waiting, ...] = ()
    warnings: tuple[Warned, ...] = ()
    progress: Progress | None = None
    drained: datetime | None = None
    """The formula was set to zero: the budget is spent."""
    dedicated: datetime | None = None
    """The formula was replaced by the dedicated one."""
    share: int | None = None
    """On a shared pool: how many of its tasks may run at once, as last asked of Batch; None = no limit."""
    short_since: datetime | None = None
    quiet_since: datetime | None = None
    """Since when no task has run or ended, while tasks were waiting."""
    throttled: datetime | None = None
    """Since when each look at the job has met a service that asks for fewer requests."""
    usage: Usage = Usage()
    spoken: Spoken | None = None

    @property
    def to_run(self) -> int:
        """Rows that are tasks of this job: all, save those that a retry takes over."""
        return self.split.rows - (self.retry.kept if self.retry else 0)

    @property
    def tries_canary(self) -> bool:
        """Is one task out alone, and not judged yet?"""
        return self.canary.sent is not None and self.canary.passed is None

    @property
    def sent(self) -> int:
        """Tasks that are out, once all that may be are added."""
        return 1 if self.tries_canary else self.to_run

    @property
    def shared_pool(self) -> str | None:
        """The operator's pool that its tasks run on; None = a pool of its own."""
        return self.plan.manifest.compute.pool

    @property
    def pool_id(self) -> str:
        """The pool that its tasks run on."""
        return self.shared_pool or self.job
