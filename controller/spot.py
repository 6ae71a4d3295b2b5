"""Which task runs on which spot node, and what was lost with nodes that were taken back: kept from look to look. Shell.

Two requests a look at most, whatever the number of tasks, and one small blob beside the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.names import STATE, index_of, is_task, takings_blob
from shared.ports import BlobPort, NodeCounts, Ports, RunningTask, TaskCounts
from shared.record import Record
from shared.takings import Run, Takings

MOST_RUNNING = 5000
"""Tasks that are watched; the rest of them is not counted."""


def is_watched(record: Record) -> bool:
    """May the job still be moved to dedicated nodes?"""
    compute = record.plan.manifest.compute
    wanted = compute.spot and compute.dedicated_after_preemptions is not None
    return wanted and record.shared_pool is None and record.dedicated is None and record.drained is None


def watch(record: Record, ports: Ports, nodes: NodeCounts, counts: TaskCounts) -> tuple[Takings, Takings]:
    """What was noted at the last look, and what is to be noted now."""
    noted = read(ports.control, record)
    running = ports.batch.running(record.job, MOST_RUNNING) if counts.running else ()
    gone = ports.batch.preempted(record.pool_id) if nodes.preempted else frozenset[str]()
    return noted, noted.after(runs(running), gone)


def runs(tasks: Iterable[RunningTask]) -> list[Run]:
    return [Run(index_of(task.id), task.node, task.started.isoformat()) for task in tasks if is_task(task.id)]


def read(control: BlobPort, record: Record) -> Takings:
    blob = control.read(STATE, takings_blob(record.job))
    return Takings.from_json(blob.content) if blob else Takings()


def note(control: BlobPort, record: Record, takings: Takings) -> None:
    control.put(STATE, takings_blob(record.job), takings.to_json(), content_type="application/json")


def forget(control: BlobPort, record: Record, rows: Iterable[int]) -> None:
    """These rows are sent out again, for another reason than their node."""
    if is_watched(record):
        before = read(control, record)
        after = before.without(rows)
        if after != before:
            note(control, record, after)
