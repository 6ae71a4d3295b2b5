"""What a split works on, and what it brings forth row by row."""

from __future__ import annotations

from dataclasses import dataclass

from controller.split.inputs import data_blob
from controller.split.rows import Row
from controller.transfer.crew import Crew
from controller.transfer.upload import Upload
from shared.manifest.models import Manifest
from shared.names import JobId, input_container
from shared.ports import Ports
from shared.record import InputFact, SplitCursor

Progress = tuple[Row, SplitCursor] | None
"""A row whose blob is on its way, and the cursor behind it; None: bytes have moved, but no row is complete."""


@dataclass(frozen=True)
class Splitting:
    """One split: `manifest` in full, `source` as frozen; `crew` writes."""

    job: JobId
    manifest: Manifest
    source: InputFact
    ports: Ports
    crew: Crew

    def upload(self, index: int) -> Upload:
        """The blob that task `index` reads."""
        return Upload(self.ports.work, self.crew, (input_container(self.job), data_blob(self.manifest, index)))
