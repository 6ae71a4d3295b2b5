"""The event door, as a list."""

from __future__ import annotations

from tests.fakes.faults import Faulty, port


class MemoryEvents(Faulty):
    """An `EventPort`. `sent`: (job id, wake number), in order."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, int]] = []

    @port
    def tasks_ended(self, job_id: str, wake: int) -> None:
        self.sent.append((job_id, wake))
