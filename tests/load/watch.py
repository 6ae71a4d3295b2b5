"""What a soak sees from the outside while it runs: how long each job stands still, how large the host is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic

from local.demo.ground import Ground


@dataclass
class Seen:
    """One status blob. `still`: the longest time in which nothing was written into it, while its job was open."""

    etag: str
    since: float
    final: bool
    still: float = 0.0
    state: str = ""


@dataclass
class Watch:
    ground: Ground
    statuses: dict[str, Seen] = field(default_factory=dict)
    sizes: list[tuple[float, int]] = field(default_factory=list)
    """Moment, MiB of the host."""
    hosts: set[int] = field(default_factory=set)

    def look(self) -> None:
        """At all statuses, by one listing."""
        now = monotonic()
        container = self.ground.blobs.get_container_client("status")
        for blob in container.list_blobs(include=["metadata"]):
            said = blob.metadata or {}
            seen = self.statuses.get(blob.name)
            if seen is None or seen.etag != blob.etag:
                still = max(seen.still, now - seen.since) if seen and not seen.final else seen.still if seen else 0.0
                final = said.get("final") == "true"
                self.statuses[blob.name] = Seen(blob.etag, now, final, still, said.get("state", ""))

    def measure(self, pid: int | None) -> None:
        size = resident(pid) if pid is not None else 0
        if pid is not None and size:
            self.hosts.add(pid)
            self.sizes.append((monotonic(), size))

    def is_final(self, path: str) -> bool:
        """Is the job of that manifest over, as far as was seen?"""
        seen = self.statuses.get(f"{path}.json")
        return seen is not None and seen.final

    def quarters(self) -> tuple[int, int]:
        """The host's size in MiB in the first and in the last quarter of the time, each the median of what was seen."""
        if not self.sizes:
            return 0, 0
        begin, end = self.sizes[0][0], self.sizes[-1][0]
        quarter = (end - begin) / 4
        first = [size for at, size in self.sizes if at <= begin + quarter]
        last = [size for at, size in self.sizes if at >= end - quarter]
        return round(median(first)), round(median(last))


def resident(pid: int) -> int:
    """MiB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    sizes = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return sizes[0] // 1024 if sizes else 0
