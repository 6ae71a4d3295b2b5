"""One output of a task, as it was frozen at the verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskOutput:
    """`name`: below the task's folder in `container`; None is the output container of the job itself. `md5`: hex,
    where the store keeps one."""

    index: int
    name: str
    length: int
    etag: str
    md5: str | None = None
    container: str | None = None
