"""Split on from a cursor: write what tasks read, then the ledger, then move the cursor. Shell.

Everything written is a pure function of the manifest and the frozen input, so doing it again, or twice at once, changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from controller.split.blobs import check_names
from controller.split.cutting import cut_up
from controller.split.ledger import LedgerWriter
from controller.split.listed import listed
from controller.split.rows import Row
from controller.split.sizes import MOST_TASKS, too_many_tasks
from controller.split.work import Splitting
from controller.transfer.crew import Crew
from shared.errors import Refused
from shared.manifest.models import Manifest
from shared.names import JobId
from shared.ports import Clock, Ports
from shared.record import InputFact, SplitCursor

ROWS_PER_SAVE = 500
"""Rows with a blob of their own between two checkpoints."""
SAVED_EVERY = timedelta(seconds=5)
"""What a killed process has done in vain, about."""


def split(
    job: JobId,
    manifest: Manifest,
    source: InputFact,
    cursor: SplitCursor,
    ports: Ports,
    checkpoint: Callable[[SplitCursor], None],
) -> SplitCursor:
    """Go on from `cursor` to the end; the cursor that comes back is done.

    `manifest` is the full one (with items and sweep). `checkpoint` is called every few seconds, with all rows of its
    cursor in storage; what it raises ends the call, and the next one goes on from the last cursor. Vanished when the
    source is not what was frozen; Refused with SPLIT or INPUT_COUNT when the input cannot be split as asked.
    """
    with Crew() as crew:
        saving = _Saving(LedgerWriter(ports.control, job, cursor.rows), ports.clock, crew, cursor, checkpoint)
        work = Splitting(job, manifest, source, ports, crew, saving.moved)
        if manifest.input.kind == "blobs" and cursor.rows == 0:
            check_names(work, saving.moved)
        for row, reached in cut_up(work, cursor) if manifest.input.kind == "blob" else listed(work, cursor):
            saving.add(row, reached)
        saving.save()
    _check_count(manifest, saving.saved.units)
    return saving.saved.model_copy(update={"done": ports.clock.now()})


class _Saving:
    """Rows on their way into the ledger; `saved` is the cursor behind those that are there, with their blobs."""

    def __init__(
        self,
        ledger: LedgerWriter,
        clock: Clock,
        crew: Crew,
        cursor: SplitCursor,
        checkpoint: Callable[[SplitCursor], None],
    ) -> None:
        self.saved = self._reached = cursor
        self._ledger, self._clock, self._crew, self._checkpoint = ledger, clock, crew, checkpoint
        self._rows, self._since = 0, clock.now()

    def add(self, row: Row, reached: SplitCursor) -> None:
        if row.index >= MOST_TASKS:
            raise too_many_tasks(f"the input makes more than {MOST_TASKS} tasks")
        self._ledger.add(row)
        self._reached = reached
        self._rows += row.data
        if self._ledger.full or self._rows >= ROWS_PER_SAVE or self._clock.now() - self._since >= SAVED_EVERY:
            self.save()
            self._checkpoint(self.saved)

    def moved(self) -> None:
        """Work goes on, though no row is complete."""
        self._checkpoint(self.saved)

    def save(self) -> None:
        """Waits until all that is under way is written."""
        self._crew.drain()
        self._ledger.flush()
        self.saved = self._reached
        self._rows, self._since = 0, self._clock.now()


def _check_count(manifest: Manifest, found: int) -> None:
    expected = manifest.input.expect_units
    if expected is not None and found != expected:
        raise Refused("INPUT_COUNT", 0, f"the input holds {found} units, {expected} were expected (input.expect.units)")
