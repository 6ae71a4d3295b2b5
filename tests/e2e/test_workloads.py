"""Whole kinds of work on the running stack, all at once: the examples' manifests, images by other names.

A manifest stands as it is, names and sizes of data aside. What each job leaves is compared with the same programs run
by hand over the same input.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.conftest import Person
from tests.e2e.workloads.blast import Blast
from tests.e2e.workloads.heavylift import HeavyLift
from tests.e2e.workloads.montecarlo import MonteCarlo
from tests.e2e.workloads.thumbs import Thumbs

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Work:
    """All of it, dropped."""

    blast: Blast
    montecarlo: MonteCarlo
    thumbs: Thumbs
    heavylift: HeavyLift


@pytest.fixture(scope="module")
def work(person: Person, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """The stack does all jobs at the same time."""
    made = Work(
        Blast(person, tmp_path_factory.mktemp("blast")),
        MonteCarlo(person, tmp_path_factory.mktemp("montecarlo")),
        Thumbs(person, tmp_path_factory.mktemp("thumbs")),
        HeavyLift(person, tmp_path_factory.mktemp("heavylift")),
    )
    each = (made.blast, made.montecarlo, made.thumbs, made.heavylift)
    for workload in each:
        workload.drop()
    for workload in each:
        workload.feed()
    return made


def test_a_search_with_a_database_gives_the_table_of_one_run(work: Work) -> None:
    """330 queries in four tasks, the database fetched once per node: the same hits in the same order."""
    work.blast.check()


def test_a_simulation_gives_one_row_for_each_row(work: Work) -> None:
    """2,400 rows in three tasks, counted going in and coming out: the same prices as in one run."""
    work.montecarlo.check()


def test_thumbnails_of_many_blobs_with_a_broken_one_among_them(work: Work) -> None:
    """260 pictures, 200 to a task, come after the manifest: 259 small ones as by hand, one failed by name, no GIF."""
    work.thumbs.check()


def test_the_old_guides_image_and_its_recombiner_run_unchanged(work: Work) -> None:
    """Six lifts become one SQLite database with exactly the numbers that six runs by hand give; nothing is left."""
    work.heavylift.check()
