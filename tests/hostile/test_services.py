"""Storage, Batch, Key Vault and Event Grid answer badly, late or not at all: jobs end right all the same."""

from __future__ import annotations

import pytest

from tests.hostile.storm import storm, storm_by_identity, storm_over


@pytest.mark.parametrize(
    ("job", "rate", "seed", "rounds"),
    [
        ("good", 0.01, 1, 40),
        ("tolerated", 0.1, 1, 40),
        ("good", 0.1, 2, 40),
        ("failing", 0.1, 3, 40),
        ("good", 0.5, 4, 5),
    ],
)
def test_bad_weather_costs_time_and_nothing_else(job: str, rate: float, seed: int, rounds: int) -> None:
    """The same bytes, nothing left, no trigger past its deadline, no minute too busy, no thread left behind."""
    found = storm(job, rate, seed, rounds)
    assert found.faults > 0
    assert not found.wrong


def test_weather_that_never_betters_is_told() -> None:
    """Where half of all requests fail the job says so, or goes on; it never fails for it."""
    found = storm("tolerated", 0.5, 1, 12)
    assert not found.wrong
    assert found.told.split()[0] in ("not", "accepted", "waiting", "running", "merging", "succeeded")


@pytest.mark.parametrize(("rate", "seed"), [(0.01, 1), (0.1, 2), (0.5, 3), (0.5, 4), (0.9, 5)])
def test_a_resource_manager_that_answers_badly_costs_time_and_nothing_else(rate: float, seed: int) -> None:
    """Identity mode: the pool comes once, however often its request is lost or repeated; the job ends as in calm."""
    found = storm_over(["Azure Resource Manager"], "tolerated", rate, seed, 40)
    assert not found.wrong
    assert found.faults > 0 or rate < 0.5


@pytest.mark.parametrize(
    ("job", "rate", "seed", "rounds"),
    [
        ("good", 0.01, 1, 40),
        ("secret", 0.1, 1, 40),
        ("recombined", 0.1, 2, 40),
        ("failing", 0.1, 3, 40),
        ("tolerated", 0.5, 4, 5),
    ],
)
def test_all_services_of_identity_mode_together_cost_time_and_nothing_else(
    job: str, rate: float, seed: int, rounds: int
) -> None:
    """Storage, Batch, Key Vault, Event Grid and Azure Resource Manager: none of them in good order."""
    found = storm_by_identity(job, rate, seed, rounds)
    assert found.faults > 0
    assert not found.wrong


@pytest.mark.parametrize("service", ["Key Vault", "Event Grid"])
def test_a_service_that_is_asked_for_little_may_answer_badly_too(service: str) -> None:
    """The password reaches the tasks, and the word that they have ended reaches the queue."""
    found = storm_over([service], "secret", 0.5, 4, 40)
    assert found.services[service].faults > 0
    assert not found.wrong


def test_bad_weather_leaves_no_thread_where_threads_are_used() -> None:
    """What breaks in one thread of a pass ends the others too."""
    found = storm_by_identity("good", 0.1, 5, 40, threads=True)
    assert found.faults > 0
    assert not found.wrong
