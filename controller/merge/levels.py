"""Many blobs as one where only so many can be taken together: in levels, through intermediate blobs. Shell.

They lie under `_merge/` in the job's output container. Each is a pure function of the frozen outputs, committed once,
verified, and found again by a later pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from controller.merge.streaming import Place
from controller.merge.work import Merging
from controller.transfer.fetch import Wanted
from shared.errors import Conflict, Defect
from shared.names import WORKSPACE, output_container
from shared.ports import BlobItem
from shared.record import MergeCursor

Group = list[Wanted]
TRIES = 2


class Levels:
    """The intermediate blobs of one kind of merge."""

    def __init__(self, work: Merging, kind: str, ending: str = "") -> None:
        self._work, self._kind, self._ending = work, kind, ending
        self._container = output_container(work.job)
        found = work.ports.work.list(self._container, f"{WORKSPACE}/{kind}-")
        self._made = {item.name: self._wanted(item.name, item.etag, item.length) for item in found}

    def narrowed(
        self,
        blobs: Iterable[Wanted],
        grouped: Callable[[int, Iterable[Wanted]], Iterator[Group]],
        make: Callable[[Place, int, Group], int],
    ) -> tuple[int, Group]:
        """The last level and its one group. `make` commits the blob of a group of a level and answers its length."""
        level = 0
        while True:
            groups = grouped(level, blobs)
            first, second = next(groups, []), next(groups, None)
            if second is None:
                return level, first
            numbered = enumerate(chain((first, second), groups))
            blobs = [self._blob(level, number, group, make) for number, group in numbered]
            level += 1

    def _blob(self, level: int, number: int, group: Group, make: Callable[[Place, int, Group], int]) -> Wanted:
        name = f"{WORKSPACE}/{self._kind}-{level}-{number:06d}{self._ending}"
        if name not in self._made:
            self._made[name] = self._new(name, lambda: make((self._container, name), level, group))
        return self._made[name]

    def _new(self, name: str, make: Callable[[], int]) -> Wanted:
        """Verified. Where the blocks that earlier passes staged are gone, it is made from the start."""
        for _ in range(TRIES):
            length = self._committed(make)
            there = self._work.ports.work.head(self._container, name)
            made = self._work.pulse.cursor.made + (there is not None)
            self._work.pulse.cursor = MergeCursor(way=self._work.pulse.cursor.way, made=made)
            if there is not None:
                self._check(there, length)
                self._work.pulse.moved()
                return self._wanted(name, there.etag, there.length)
        raise Conflict(f"{self._container}/{name} comes and goes")

    def _committed(self, make: Callable[[], int]) -> int | None:
        """The length; None where another pass was faster, from the same outputs, or blocks are missing."""
        try:
            return make()
        except Conflict:
            return None

    def _check(self, there: BlobItem, length: int | None) -> None:
        if length is not None and there.length != length:
            self._work.ports.work.delete(self._container, there.name)
            raise Defect(f"{self._container}/{there.name} has {there.length} bytes instead of {length}")

    def _wanted(self, name: str, etag: str, length: int) -> Wanted:
        return Wanted(name, self._container, name, etag, length)
