"""The closed set of things a pass may do to the world. Data only: `controller.apply` does them, each idempotent.

Long ones may take minutes: they hold the job's lock and save a cursor as they go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.record import Failure, Which
from shared.takings import Takings


@dataclass(frozen=True)
class FreezeInput:
    """List the sources (or look at the one blob) and fix lengths and ETags. `told`: the manifest alone says it all."""

    told: bool = False


@dataclass(frozen=True)
class MakeContainers:
    """Create the job's input and output containers, with their access policies, and what every task reads."""


@dataclass(frozen=True)
class RenewRights:
    """Move on the dates up to which access policies hold, and pools, jobs and containers are somebody's."""


@dataclass(frozen=True)
class CreatePool:
    """Ask Batch for the job's pool, autoscale from birth."""


@dataclass(frozen=True)
class SplitInput:
    """Write the tasks' inputs and the ledger, from the cursor on."""


@dataclass(frozen=True)
class CreateJob:
    """Create the Batch job on the pool."""


@dataclass(frozen=True)
class AddTasks:
    """Add tasks from the cursor on, 100 a request; `one`: no more than the first of them."""

    one: bool = False


@dataclass(frozen=True)
class JudgeCanary:
    """Look at the end and the outputs of the one task that was tried first."""


@dataclass(frozen=True)
class SetFormula:
    """Replace the pool's formula: `stop` ends it when its running tasks have ended, and starts no other; `dedicated`
    leaves spot nodes; `all` opens a pool that was made for one task."""

    kind: Literal["stop", "dedicated", "all"]


@dataclass(frozen=True)
class LimitTasks:
    """On a shared pool: how many tasks of the job may run at once; None = no limit."""

    most: int | None


@dataclass(frozen=True)
class HoldJob:
    """No task of the job begins any more; those that run go on. Where the pool is not ours to stop."""


@dataclass(frozen=True)
class ReimageNodes:
    """Give nodes a new disk, on which the preparation begins anew; of the job's own pool, or of a side's."""

    nodes: tuple[str, ...]
    which: Which | None = None


@dataclass(frozen=True)
class NoteTakings:
    """Keep what the next look is to be compared with: which task runs where, and what was lost by now."""

    takings: Takings


@dataclass(frozen=True)
class Review:
    """Read the failed tasks: reactivate what may run again; end the job early when too much has failed, or by a code
    of failure.stopOn. `failed`: how many there are by the counts."""

    failed: int


@dataclass(frozen=True)
class Settle:
    """Establish what each row came to, and from that the verdict.

    `how`: all tasks `ended`, or the job is `stopped` (a limit) or `cancelled` before that, or failed before its tasks
    have (`early`), or its `canary` did, whose output counts too; `lost`: its tasks or their outputs are gone. `failure`
    is the reason where it is known before.
    """

    how: Literal["ended", "stopped", "cancelled", "lost", "early", "canary"]
    failure: Failure | None = None


@dataclass(frozen=True)
class EndJob:
    """Terminate the Batch job and let its SAS die."""


@dataclass(frozen=True)
class KeepEvidence:
    """Write failed.jsonl and the logs of failed tasks under results."""


@dataclass(frozen=True)
class CopyLogs:
    """Copy the logs of all tasks to results, from the cursor on."""


@dataclass(frozen=True)
class DeletePool:
    """Ask for the pool's deletion."""


@dataclass(frozen=True)
class MergeOutputs:
    """Join the accepted outputs, commit, publish, verify."""


@dataclass(frozen=True)
class CreateSidePool:
    """Ask Batch for the pool of the user's splitter or recombiner: one dedicated node."""

    which: Which


@dataclass(frozen=True)
class StartSide:
    """Lay out what it reads, create its job and its one task."""

    which: Which


@dataclass(frozen=True)
class JudgeSide:
    """Its task has ended: read how."""

    which: Which


@dataclass(frozen=True)
class RepeatSide:
    """The platform failed its task, and a go was counted for that: send it out again."""

    which: Which


@dataclass(frozen=True)
class DropSide:
    """Ask for the deletion of its job and pool."""

    which: Which


@dataclass(frozen=True)
class WriteResult:
    """Write result.json, once."""


@dataclass(frozen=True)
class DeleteJob:
    """Ask for the Batch job's deletion."""


@dataclass(frozen=True)
class WriteReceipt:
    """Write receipt.json with the deletions proved so far."""


@dataclass(frozen=True)
class DeleteContainers:
    """Drop the job's containers."""


@dataclass(frozen=True)
class Archive:
    """Write the done marker; the open one goes once the record is saved."""


Action = (
    FreezeInput
    | MakeContainers
    | RenewRights
    | CreatePool
    | SplitInput
    | CreateJob
    | AddTasks
    | JudgeCanary
    | SetFormula
    | LimitTasks
    | HoldJob
    | ReimageNodes
    | NoteTakings
    | Review
    | Settle
    | EndJob
    | KeepEvidence
    | CopyLogs
    | DeletePool
    | MergeOutputs
    | CreateSidePool
    | StartSide
    | JudgeSide
    | RepeatSide
    | DropSide
    | WriteResult
    | DeleteJob
    | WriteReceipt
    | DeleteContainers
    | Archive
)

LONG = (FreezeInput, SplitInput, AddTasks, JudgeCanary, Review, Settle, KeepEvidence, StartSide, MergeOutputs, CopyLogs)


def is_long(action: Action | None) -> bool:
    """May it take longer than a look?"""
    return isinstance(action, LONG) and action != FreezeInput(told=True)
