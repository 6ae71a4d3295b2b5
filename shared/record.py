"""The record of one job: what happened, as facts. The state people see is derived from them, never stored.

Frozen; every change is a new value; saved whole, under the ETag it was read with. `VERSION` rises with each change of
meaning: an older record is carried on, a newer one is left alone.
"""

from __future__ import annotations

from datetime import datetime

from shared.facts import (
    Canary,
    Delivery,
    Fact,
    InputFact,
    Key,
    LogsLost,
    ManifestRef,
    Plan,
    Price,
    Progress,
    Reimaged,
    ReimagedNode,
    Retry,
    SoFar,
    SplitCursor,
    Spoken,
    Usage,
)
from shared.names import JobId, Owner
from shared.verdict import (
    Counts,
    Failure,
    MergeCursor,
    Merged,
    Side,
    Verdict,
    VerdictState,
    Waiting,
    Warned,
    Which,
)

__all__ = [
    "VERSION",
    "Canary",
    "Counts",
    "Delivery",
    "Fact",
    "Failure",
    "InputFact",
    "Key",
    "LogsLost",
    "ManifestRef",
    "MergeCursor",
    "Merged",
    "Plan",
    "Price",
    "Progress",
    "Record",
    "Reimaged",
    "ReimagedNode",
    "Retry",
    "Side",
    "SoFar",
    "SplitCursor",
    "Spoken",
    "Usage",
    "Verdict",
    "VerdictState",
    "Waiting",
    "Warned",
    "Which",
]

VERSION = 1


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
    logs_lost: LogsLost = LogsLost()
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
    reimaged: Reimaged = Reimaged()
    """Nodes of its own pool on which reference data could not be fetched."""
    throttled: datetime | None = None
    """Since when each look at the job has met a service that asks for fewer requests."""
    usage: Usage = Usage()
    spoken: Spoken | None = None

    @property
    def to_run(self) -> int:
        """Rows that are tasks of this job: all, save those that a retry takes over."""
        return self.split.rows - (self.retry.kept if self.retry else 0)

    @property
    def results_stay(self) -> datetime | None:
        """Until when what is below results/<job id>/ is kept; None while the job is open."""
        return self.final + self.plan.manifest.retention.results if self.final else None

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
    def on_spot(self) -> bool:
        """Does its formula ask for spot nodes now?"""
        return self.plan.manifest.compute.spot and self.dedicated is None

    @property
    def pool_id(self) -> str:
        """The pool that its tasks run on."""
        return self.shared_pool or self.job
