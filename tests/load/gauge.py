"""What the processes of a stack use while it is under load: memory and time of processors, look by look."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from tests.load.watch import resident

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Gauge:
    """`host`: MiB of the Functions host at each look that found it. `seconds`: of processors, by program."""

    host: list[int] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def look(self, pids: Mapping[str, int]) -> None:
        for name, pid in pids.items():
            self.seconds[name] = max(used(pid), self.seconds.get(name, 0.0))
        size = resident(pids["functions host"]) if "functions host" in pids else 0
        if size:
            self.host.append(size)

    @property
    def thirds(self) -> tuple[float, float]:
        """The mean size of the host in the first and in the last third of all looks."""
        part = max(1, len(self.host) // 3)
        return mean(self.host[:part]), mean(self.host[-part:])


def used(pid: int) -> float:
    """Seconds of processors that it and its ended children have taken; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS
