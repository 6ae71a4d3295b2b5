"""A merge in many passes: each is ended at the same number of storage requests, the next one gets the last cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.merge.run import Committed, TaskOutput
from controller.merge.sizes import Sizes
from shared.errors import OutOfTime
from shared.manifest.models import Manifest
from shared.record import MergeCursor
from tests.fakes.mortal import Killed, Life, mortal
from tests.fakes.world import World
from tests.merge.ground import run_merge

TO = "data/out/final"
MOST = 500


@dataclass
class Passes:
    """`kept`: what the record would hold, written and read again."""

    manifest: Manifest
    world: World
    files: list[TaskOutput]
    sizes: Sizes | None = None
    to: str | None = TO
    kept: list[MergeCursor] = field(default_factory=lambda: [MergeCursor()])

    def go(self, checkpoint: Callable[[MergeCursor], None] | None = None, life: Life | None = None) -> Committed:
        """One pass, until it ends or dies."""
        ports = mortal(self.world.ports, life) if life else self.world.ports
        keep = checkpoint or self.keep
        return run_merge(
            self.manifest, self.world, self.files, self.to, ports=ports, checkpoint=keep, cursor=self.kept[-1],
            sizes=self.sizes,
        )  # fmt: skip

    def keep(self, cursor: MergeCursor) -> None:
        self.kept.append(MergeCursor.model_validate_json(cursor.model_dump_json()))

    def one_checkpoint_each(self) -> tuple[Committed, int]:
        """Every pass ends at the first checkpoint that has come on; and how many it took."""

        def end(cursor: MergeCursor) -> None:
            if cursor != self.kept[-1]:
                self.keep(cursor)
                raise OutOfTime

        for count in range(1, MOST):
            try:
                return self.go(end), count
            except OutOfTime:
                continue
        raise AssertionError("it never came to its end")

    def killed_at(self, calls: int, *, after: bool) -> tuple[Committed, bool]:
        """Killed at that request, then gone on with; and whether it was."""
        life = Life(calls, after)
        try:
            return self.go(life=life), life.spent >= calls
        except Killed:
            return self.go(), True
