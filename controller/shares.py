"""Who may use how many task slots of a shared pool: the tick divides them, each job's own pass asks Batch for it.

Batch starts tasks by job priority, then by age of the job. On a pool that many jobs use, the oldest big job would hold
all slots until it ends. So each job there gets a limit of tasks at once: equal parts of the slots, and what a small job
does not need goes to the others. Nothing that runs is stopped: a slot that comes free goes to who is below his limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.rules.running import is_running
from shared.names import SHARES, STATE, JobId
from shared.ports import BlobPort, Ports
from shared.record import Record


@dataclass(frozen=True)
class Division:
    """The slots of one pool, and the limit of each job on it; None = no limit."""

    slots: int = 0
    limits: Mapping[str, int | None] = field(default_factory=dict)

    def limit_of(self, job: JobId) -> int | None:
        """That of a job which the tick has not counted yet is a fair part at once: it need not wait for the tick."""
        if job in self.limits or not self.limits:
            return self.limits.get(job)
        return max(1, self.slots // (len(self.limits) + 1))


def divide(slots: int, wanted: Sequence[tuple[JobId, int]]) -> Division:
    """`wanted`: the tasks that each job has left, oldest job first. Each gets at least one slot, none more than it can
    use; no limit where there is room for all, or nobody else."""
    if len(wanted) == 1 or sum(tasks for _, tasks in wanted) <= slots:
        return Division(slots, {job: None for job, _ in wanted})
    limits, left = dict[str, int | None](), slots
    newest_first = list(reversed(wanted))
    modest_first = sorted(newest_first, key=lambda each: each[1])
    for place, (job, tasks) in enumerate(modest_first):
        part = max(1, min(tasks, left // (len(wanted) - place)))
        limits[job], left = part, max(0, left - part)
    return Division(slots, limits)


def form(records: Sequence[Record], ports: Ports) -> frozenset[JobId]:
    """Divide the slots of every shared pool that an open job uses; the jobs whose limit is another now."""
    pools = sorted({record.shared_pool for record in records if record.shared_pool and record.verdict is None})
    if not pools:
        return frozenset()
    before = read(ports.control)
    now = {pool: of_pool(pool, records, ports) for pool in pools}
    if now != before:
        write(ports.control, now)
    return frozenset(
        record.job
        for record in records
        if record.shared_pool and is_running(record) and now[record.shared_pool].limit_of(record.job) != record.share
    )


def of_pool(pool: str, records: Sequence[Record], ports: Ports) -> Division:
    """By the nodes that are there now: where there is none, one node's slots are divided."""
    on_it = [record for record in records if record.shared_pool == pool and is_running(record)]
    seen = ports.batch.pool(pool)
    slots = seen.slots * max(1, seen.current) if seen else 1
    return divide(slots, [(record.job, left_of(record)) for record in on_it])


def left_of(record: Record) -> int:
    """Tasks that have not ended, as far as was seen."""
    ended = record.progress.succeeded + record.progress.failed if record.progress else 0
    return max(1, record.to_run - ended)


def read(control: BlobPort) -> dict[str, Division]:
    blob = control.read(STATE, SHARES)
    raw = json.loads(blob.content) if blob else {}
    return {pool: Division(each["slots"], each["limits"]) for pool, each in raw.items()}


def write(control: BlobPort, divisions: Mapping[str, Division]) -> None:
    content = {pool: {"slots": each.slots, "limits": dict(each.limits)} for pool, each in divisions.items()}
    control.put(STATE, SHARES, json.dumps(content).encode(), content_type="application/json")


def limit_of(record: Record, control: BlobPort) -> int | None:
    """How many tasks of a job may run at once; None = no limit. Always so on a pool of its own."""
    if record.shared_pool is None:
        return None
    return read(control).get(record.shared_pool, Division()).limit_of(record.job)
