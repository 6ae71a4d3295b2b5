"""What is published of our HTTP, asked at random by what it says: every answer is held against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

UNASKED = ("unsupported_method",)
"""The host answers 404, not 405, to a method that no function takes, here as in Azure."""
NO_GUARD = (*UNASKED, "ignored_auth", "negative_data_rejection")
"""Where a test writes the header of App Service Authentication, nothing reads tokens: wrong ones are not refused."""
Told = Counter[tuple[str, str, int]]
"""Method, path and status of the answers."""


def ask_all(
    api: Any,
    headers: Mapping[str, str],
    examples: int,
    jobs: Collection[str] = (),
    unasked: Collection[str] = UNASKED,
    *,
    anew: bool = True,
) -> Told:
    """Right and wrong requests of every operation, so many of each, and where they are about a job, of `jobs` too.
    `anew`: others each time."""
    told: Told = Counter()
    excluded = [check for check in CHECKS.get_all() if check.__name__ in unasked]

    def ask(case: Any) -> None:
        answer = case.call_and_validate(headers=dict(headers), excluded_checks=excluded)
        told[case.operation.method.upper(), case.operation.path, answer.status_code] += 1

    for found in api.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _at_random(operation.as_strategy(generation_mode=mode), ask, examples, anew)
        if jobs and "{job}" in operation.path:
            about = st.sampled_from(sorted(jobs))
            _at_random(about.map(lambda job, operation=operation: _about(operation, job)), ask, examples, anew)
    return told


def _about(operation: Any, job: str) -> Any:
    return operation.Case(path_parameters={"job": job})


def _at_random(cases: Any, ask: Any, examples: int, anew: bool) -> None:
    health = list(HealthCheck)
    how = settings(max_examples=examples, deadline=None, suppress_health_check=health, database=None)

    @settings(how, derandomize=not anew)
    @given(cases)
    def each(case: Any) -> None:
        ask(case)

    each()
