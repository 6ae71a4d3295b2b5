"""Writing the ledger: shard by shard, the last one again and again as it grows. Shell over the control account.

A shard only ever grows, and its rows are a pure function of the plan: a worker that comes late with fewer rows leaves
what is there.
"""

from __future__ import annotations

from controller.split.rows import Row, from_lines, to_lines
from shared.errors import Conflict, Defect
from shared.names import SHARD_ROWS, STATE, JobId, ledger_shard
from shared.ports import ABSENT, BlobPort, Condition

TRIES = 5


class LedgerWriter:
    """Goes on behind row `rows` - 1, which was written before."""

    def __init__(self, control: BlobPort, job: JobId, rows: int) -> None:
        self.rows = rows
        self._control, self._job = control, job
        self._shard, kept = divmod(rows, SHARD_ROWS)
        self._when, self._stored, self._held = ABSENT, 0, list[Row]()
        if kept:
            self._look()
            if self._stored < kept:
                raise Defect(f"{job}: shard {self._shard} of its ledger holds {self._stored} rows, too few for {kept}")
            del self._held[kept:]

    def add(self, row: Row) -> None:
        self._held.append(row)
        self.rows += 1

    @property
    def full(self) -> bool:
        """Is the shard complete? Then it must be flushed before the next row."""
        return len(self._held) >= SHARD_ROWS

    def flush(self) -> None:
        """Every row added is in storage when this returns."""
        for _ in range(TRIES):
            if self._stored >= len(self._held):
                break
            self._write()
        else:
            raise Conflict(f"{self._job}: others keep writing shard {self._shard} of its ledger")
        if self.full:
            self._shard += 1
            self._when, self._stored = ABSENT, 0
            self._held = []

    def _write(self) -> None:
        try:
            etag = self._control.put(STATE, self._name, to_lines(self._held), when=self._when)
        except Conflict:
            held = self._held
            self._look()
            self._held = held
            return
        self._when, self._stored = Condition(etag=etag), len(self._held)

    def _look(self) -> None:
        blob = self._control.read(STATE, self._name)
        self._held = list(from_lines(blob.content)) if blob else []
        self._when = Condition(etag=blob.item.etag) if blob else ABSENT
        self._stored = len(self._held)

    @property
    def _name(self) -> str:
        return ledger_shard(self._job, self._shard)
