"""One output of a task, as it was frozen at the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TaskOutput:
    """`name`: below the task's folder in `container`; None is the output container of the job itself. `md5`: hex,
    where the store keeps one. `modified`: as listed with the verdict; not kept."""

    index: int
    name: str
    length: int
    etag: str
    md5: str | None = None
    container: str | None = None
    modified: datetime | None = None
