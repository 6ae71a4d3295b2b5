"""The platform fails the one task of a splitter or recombiner: three goes more, whoever dies meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container, Ground
from tests.loop.test_crashes import Reference, calls_of, crash
from tests.loop.test_sides import RECOMBINER, SPLITTER, cutter, recombine

BROKEN = TaskEnd(None, "servererror", "BlobDownloadMiscError", "the connection broke")
AROUND = 4


@dataclass
class Breaks:
    """A program whose side runs break `times` times before one is good; `runs` counts them."""

    manifest: str
    times: int
    runs: int = 0

    def __call__(self, container: Container) -> TaskEnd | int | None:
        if container.spec.id == "once":
            self.runs += 1
            if self.runs <= self.times:
                return BROKEN
        return cutter(None)(container) if self.manifest == SPLITTER else recombine(container)


def job(manifest: str, times: int) -> tuple[Reference, Breaks]:
    program = Breaks(manifest, times)
    return Reference(manifest, program, "succeeded"), program


@pytest.mark.parametrize("manifest", [SPLITTER, RECOMBINER], ids=["splitter", "recombiner"])
def test_what_the_platform_fails_is_sent_out_again(manifest: str) -> None:
    """A download that breaks is no fault of the program's: three times it goes again, as tasks do."""
    ground, (_, program) = Ground(), job(manifest, times=3)
    ground.put("data/big.bin", "one|two|three")
    ground.drop(manifest)
    ground.settle(program)
    assert (ground.status()["state"], program.runs, ground.left()) == ("succeeded", 4, [])


def test_a_platform_that_fails_a_splitter_for_good_fails_the_job() -> None:
    """After three goes more: SPLIT, with what the platform said."""
    ground, (_, program) = Ground(), job(SPLITTER, times=9)
    ground.put("data/big.bin", "one|two|three")
    ground.drop(SPLITTER)
    ground.settle(program)
    failure = ground.status()["failure"]
    assert (failure["code"], failure["evidence"]["runs"], program.runs) == ("SPLIT", 4, 4)
    assert "the connection broke" in failure["evidence"]["message"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("times", "state"), [(3, "succeeded"), (9, "failed")])
def test_killed_around_a_go_none_is_lost_and_none_given_away(times: int, state: str, after: bool) -> None:
    """Whichever call it dies at beside a reactivation: four runs, as without a death."""
    calls = calls_of(job(SPLITTER, times)[0])
    goes = [number for number, call in enumerate(calls, 1) if call == "batch.reactivate"]
    assert len(goes) == 3
    for at in range(goes[0] - AROUND, goes[0] + AROUND):
        reference, program = job(SPLITTER, times)
        ground = crash(reference, at, after)
        assert (ground.status()["state"], program.runs) == (state, 4), f"{calls[at - 1]}, {at} of {len(calls)}"
