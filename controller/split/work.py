"""What a split works on, and what it brings forth row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.split.inputs import data_blob
from controller.split.rows import Row
from controller.transfer.crew import Crew
from controller.transfer.upload import Upload
from shared.manifest.models import Manifest
from shared.names import JobId, input_container
from shared.ports import Ports
from shared.record import InputFact, SplitCursor

Progress = tuple[Row, SplitCursor]
"""A row whose blob is on its way, and the cursor behind it."""


@dataclass(frozen=True)
class Splitting:
    """One split: `manifest` in full, `source` as frozen; `crew` writes; `moved` is called as bytes move, and may end
    the pass by what it raises."""

    job: JobId
    manifest: Manifest
    source: InputFact
    ports: Ports
    crew: Crew
    moved: Callable[[], None]

    def upload(self, index: int) -> Upload:
        """The blob that task `index` reads."""
        return Upload(self.ports.work, self.crew, (input_container(self.job), data_blob(self.manifest, index)))
