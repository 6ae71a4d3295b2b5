"""Whole kinds of work on the running stack, all at once: the examples' manifests, images by other names.

A manifest stands as it is, names and sizes of data aside. What each job leaves is compared with the same programs run
by hand over the same input.
"""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Person
from tests.e2e.workloads.blast import Blast
from tests.e2e.workloads.detection import Detection
from tests.e2e.workloads.ground import Workload
from tests.e2e.workloads.heavylift import HeavyLift
from tests.e2e.workloads.montecarlo import MonteCarlo
from tests.e2e.workloads.scoring import Scoring
from tests.e2e.workloads.thumbs import Thumbs

pytestmark = pytest.mark.stack


KINDS: tuple[type[Workload], ...] = (Blast, MonteCarlo, Scoring, Thumbs, HeavyLift, Detection)


@pytest.fixture(scope="module")
def work(person: Person, tmp_path_factory: pytest.TempPathFactory) -> dict[type[Workload], Workload]:
    """The stack does all jobs at the same time."""
    made = {kind: kind(person, tmp_path_factory.mktemp(kind.__name__.lower())) for kind in KINDS}
    for workload in made.values():
        workload.drop()
    for workload in made.values():
        workload.feed()
    return made


def test_a_search_with_a_database_gives_the_table_of_one_run(work: dict[type[Workload], Workload]) -> None:
    """330 queries in four tasks, the database fetched once per node: the same hits in the same order."""
    work[Blast].check()


def test_a_simulation_gives_one_row_for_each_row(work: dict[type[Workload], Workload]) -> None:
    """2,400 rows in three tasks, counted going in and coming out: the same prices as in one run."""
    work[MonteCarlo].check()


def test_a_nightly_table_is_scored_when_it_is_there(work: dict[type[Workload], Workload]) -> None:
    """3,000 rows, lines within fields, a model that is unpacked once per node: the older result is replaced."""
    work[Scoring].check()


def test_thumbnails_of_many_blobs_with_a_broken_one_among_them(work: dict[type[Workload], Workload]) -> None:
    """260 pictures, 200 to a task, come after the manifest: 259 small ones as by hand, one failed by name, no GIF."""
    work[Thumbs].check()


def test_the_old_guides_image_and_its_recombiner_run_unchanged(work: dict[type[Workload], Workload]) -> None:
    """Six lifts become one SQLite database with exactly the numbers that six runs by hand give; nothing is left."""
    work[HeavyLift].check()


def test_a_canary_goes_first_and_a_broken_video_is_tolerated(work: dict[type[Workload], Workload]) -> None:
    """Twelve videos on machines of a profile: the finds of eleven, the broken one after four runs, all logs kept."""
    work[Detection].check()
