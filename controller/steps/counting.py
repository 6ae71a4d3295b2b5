"""How many records the outputs hold, where the manifest has them counted (output.recordsPerUnit). Shell.

Every byte of every output is read for that, which takes as many passes as it takes: what is known is kept beside the
ledger, and found again by the version of the output.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from itertools import groupby

from controller.merge.run import TaskOutput, count_records
from controller.steps.work import Work
from controller.transfer.crew import THREADS, Crew
from shared.errors import Refused
from shared.names import SHARD_ROWS, STATE, counts_shard, output_container, task_id
from shared.record import Record

AHEAD = 2 * THREADS
SAVED_EVERY = timedelta(seconds=5)
BEAT = 5.0
"""Seconds between two signs of life while a long output is read."""
Count = int | str
"""Records, or why they cannot be counted."""
Pending = deque[tuple[TaskOutput, "Future[Count]"]]


class Counting:
    """The counts of one job, a shard of the ledger in memory. Outputs are asked for in the order of the ledger."""

    def __init__(self, record: Record, work: Work) -> None:
        self._record, self._work = record, work
        self._shard, self._unsaved, self._since = -1, 0, work.ports.clock.now()
        self._known: dict[str, tuple[str, Count]] = {}

    def run(self, outputs: Iterable[TaskOutput]) -> None:
        """Count what is not known yet, a few at a time; OutOfTime where the next pass is to go on."""
        with Crew() as crew:
            for shard, files in groupby(outputs, key=lambda file: file.index // SHARD_ROWS):
                self._open(shard)
                self._count_all(crew, (file for file in files if self._of(file) is None))
                self._write()

    def of(self, file: TaskOutput) -> Count:
        """What is known, or, where nothing is, counted now."""
        self._open(file.index // SHARD_ROWS)
        known = self._of(file)
        return self._count(file) if known is None else known

    def _count_all(self, crew: Crew, files: Iterator[TaskOutput]) -> None:
        pending: Pending = deque()
        for file in files:
            pending.append((file, crew.start(self._count, file)))
            if len(pending) > AHEAD:
                self._note(pending)
        while pending:
            self._note(pending)

    def _note(self, pending: Pending) -> None:
        file, counting = pending.popleft()
        while not _ended(counting):
            self._work.save(self._record)
        self._known[str(file.index)] = (file.etag, counting.result())
        self._unsaved += 1
        if self._work.ports.clock.now() - self._since >= SAVED_EVERY:
            self._write()
        self._work.save(self._record)

    def _count(self, file: TaskOutput) -> Count:
        container = file.container or output_container(self._record.job)
        name = f"{task_id(file.index)}/{file.name}"
        chunks = self._work.ports.work.stream(container, name, etag=file.etag)
        try:
            return count_records(self._record.plan.manifest, chunks)
        except Refused as error:
            return str(error)

    def _of(self, file: TaskOutput) -> Count | None:
        etag, count = self._known.get(str(file.index), ("", 0))
        return count if etag == file.etag else None

    def _open(self, shard: int) -> None:
        if shard != self._shard:
            blob = self._work.ports.control.read(STATE, counts_shard(self._record.job, shard))
            found = json.loads(blob.content) if blob else {}
            self._shard, self._known = shard, {row: tuple(known) for row, known in found.items()}

    def _write(self) -> None:
        if self._unsaved:
            content = json.dumps(self._known).encode()
            self._work.ports.control.put(STATE, counts_shard(self._record.job, self._shard), content)
        self._unsaved, self._since = 0, self._work.ports.clock.now()


def _ended(counting: Future[Count]) -> bool:
    """Waits a little."""
    try:
        counting.exception(BEAT)
    except TimeoutError:
        return False
    return True
