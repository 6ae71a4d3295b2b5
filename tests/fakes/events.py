"""The event door, as a list."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes.faults import Faulty, port


class MemoryEvents(Faulty):
    """An `EventPort`. `sent`: (job id, wake number), in order; `labels`: those of the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, int]] = []
        self.labels: dict[str, str] = {}

    @port
    def tasks_ended(self, job_id: str, wake: int, labels: Mapping[str, str]) -> None:
        self.sent.append((job_id, wake))
        self.labels = dict(labels)
