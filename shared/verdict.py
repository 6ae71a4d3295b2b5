"""How a job ends, as facts of its record: what failed and why, the verdict, the merge."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.facts import Fact, Reimaged

VerdictState = Literal["succeeded", "failed", "cancelled"]


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
    evidence: dict[str, str | int | float | None] = Field(default_factory=dict)
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
    """Streamed: bytes between that point and the next block. Below 0: the point is so far within that block, whose
    beginning is kept in a blob."""
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


Which = Literal["splitter", "recombiner"]


class Side(Fact):
    """The user's splitter or recombiner: a pool of one dedicated node and a job of one task, beside the job's own."""

    pool: datetime | None = None
    staged: int = 0
    """How many outputs lie ready for the recombiner."""
    job: datetime | None = None
    node: datetime | None = None
    """When its node was first seen to be there."""
    ended: datetime | None = None
    failure: Failure | None = None
    dropped: datetime | None = None
    """Its deletion was asked for."""
    gone: datetime | None = None
    """Proved, by its 404s."""
    goes: int = 0
    """How often its task was sent out again after failures of the platform, which Batch does not repeat."""
    goes_for: datetime | None = None
    """The end of the task that the last go was counted for."""
    repeat: bool = False
    """That go is still to be made."""
    reimaged: Reimaged = Reimaged()
    """Its node, where reference data could not be fetched there."""

    @property
    def made(self) -> bool:
        """Was anything of it asked for?"""
        return bool(self.kinds)

    @property
    def kinds(self) -> tuple[Literal["job", "pool"], ...]:
        """What of it was asked for."""
        asked: tuple[tuple[Literal["job", "pool"], datetime | None], ...] = (("job", self.job), ("pool", self.pool))
        return tuple(kind for kind, at in asked if at is not None)

    def without_pool(self) -> Side:
        """As it is where its pool was refused: its Batch job, which takes a place that others wait for, is given
        back."""
        return self if self.pool is not None else self.model_copy(update={"job": None})
