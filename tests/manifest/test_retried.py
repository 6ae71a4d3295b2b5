"""A manifest that retries a job: what it takes over, what it may change, what it may not say."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Problem, Rejected
from shared.manifest.models import Manifest
from shared.manifest.parse import parse
from shared.manifest.retried import Parent
from shared.policy import Policy
from tests.manifest.making import POLICY, told

JOB = "bd-search-0123456789ab"
FIRST: dict[str, Any] = {
    "version": 1,
    "name": "search",
    "labels": {"group": "a"},
    "idempotencyKey": "once",
    "container": {
        "image": "contoso.azurecr.io/app:1",
        "args": ["-i", "$(INPUT_PATH)"],
        "environment": {"A": "1", "B": "2"},
    },
    "config": {"depth": 3},
    "input": {"blob": "data/in.txt", "waitFor": "data/done"},
    "split": {"by": "lines", "unitsPerTask": 10},
    "output": {"name": "out.csv", "recordsPerUnit": 1},
    "merge": {"by": "csv", "csv": {"delimiter": ";"}, "to": "data/out/{date}.csv"},
    "compute": {"maxNodes": 5},
    "limits": {"taskTimeout": "PT1H"},
    "failure": {"tolerated": "10%"},
    "retention": {"otherwise": "P9D"},
}
THEN = POLICY.model_copy(update={"defaults": {"compute": {"vmSize": "Standard_D2s_v5"}}})
NOW = POLICY.model_copy(
    update={"defaults": {"compute": {"vmSize": "Standard_F64s_v2"}, "retention": {"results": "P1D"}}}
)
"""The policy has changed since the first job was accepted."""


def first(published: str | None = None, said: dict[str, Any] | None = None, policy: Policy = THEN) -> Parent:
    parsed = parse(json.dumps(FIRST | (said or {})).encode(), "first.json", policy)
    return Parent(JOB, parsed.manifest, parsed.document, published)


def retried(more: dict[str, Any] | None = None, policy: Policy = NOW, parent: Parent | None = None) -> Manifest:
    raw = {"version": 1, "input": {"retryOf": JOB}} | (more or {})
    return parse(json.dumps(raw).encode(), "again.json", policy, lambda job: parent or first()).manifest


def wrong(more: dict[str, Any], policy: Policy = NOW) -> tuple[Problem, ...]:
    with pytest.raises(Rejected) as caught:
        retried(more, policy=policy)
    return caught.value.problems


def test_what_is_not_said_is_as_it_was() -> None:
    """Input, split, machines, limits: the first job's, also where the policy's defaults have changed since then."""
    again, before = retried(), first().manifest
    assert again.input.retry_of == JOB
    same = before.model_copy(update={"input": again.input, "idempotency_key": None})
    assert again == same
    assert again.input.model_copy(update={"retry_of": None}) == before.input
    assert (again.compute.vm_size, again.retention.results) == ("Standard_D2s_v5", timedelta(days=90))


def test_what_is_said_changes_field_by_field() -> None:
    """A new image keeps the arguments; one more variable keeps the others; one limit keeps the rest."""
    again = retried(
        {
            "container": {"image": "contoso.azurecr.io/app:2", "environment": {"B": "3"}},
            "config": {"width": 1},
            "limits": {"jobTimeout": "P1D"},
            "failure": {"tolerated": 0},
            "labels": {"why": "mended"},
        }
    )
    assert (again.container.image, again.container.args) == ("contoso.azurecr.io/app:2", ("-i", "$(INPUT_PATH)"))
    assert again.container.environment == {"A": "1", "B": "3"}
    assert again.config == {"width": 1}
    assert (again.limits.task_timeout, again.limits.job_timeout) == (timedelta(hours=1), timedelta(days=1))
    assert again.tolerated.units == 0
    assert again.labels == {"group": "a", "why": "mended"}


def test_another_merge_drops_what_belongs_to_the_old_one() -> None:
    """By concat nothing is counted; the tasks' outputs keep their names."""
    again = retried({"merge": {"by": "concat"}})
    assert (again.merge.by, again.output.records_per_unit, again.output.name) == ("concat", None, "out.csv")


def test_the_result_goes_where_the_first_one_was_published() -> None:
    """Its path is taken as it was resolved then; said anew, it is resolved anew."""
    assert retried(parent=first("data/out/2026-11-22.csv")).merge.to == "data/out/2026-11-22.csv"
    assert retried().merge.to == "data/out/{date}.csv"
    assert retried({"merge": {"to": "data/out/x.csv"}}, parent=first("data/out/y.csv")).merge.to == "data/out/x.csv"


@pytest.mark.parametrize("field", ["split", "output", "retention"])
def test_the_units_and_their_outputs_cannot_be_changed(field: str) -> None:
    """What would not fit to what is there is refused by name; a policy's default of it is just not used."""
    assert told(wrong({field: {}})) == [(field, "onlyWith")]


@pytest.mark.parametrize(
    ("source", "path", "rule"),
    [
        ({"retryOf": JOB, "items": [1]}, "input", "exactlyOne"),
        ({"retryOf": JOB, "waitFor": "data/x"}, "input.waitFor", "onlyWith"),
        ({"retryOf": JOB, "wait": 1}, "input.wait", "unknownField"),
        ({"retryOf": "job-1"}, "input.retryOf", "pattern"),
        ({"retryOf": 5}, "input.retryOf", "type"),
    ],
)
def test_the_input_of_a_retry_is_one_job(source: dict[str, Any], path: str, rule: str) -> None:
    """Nothing else goes with retryOf."""
    assert told(wrong({"input": source})) == [(path, rule)]


def test_an_unknown_job_is_told_with_its_place() -> None:
    """Where no jobs are known, none can be retried."""
    with pytest.raises(Rejected) as caught:
        parse(f"version: 1\ninput:\n  retryOf: {JOB}\n".encode(), "again.yaml", NOW)
    (problem,) = caught.value.problems
    assert (problem.path, problem.rule, problem.line) == ("input.retryOf", "retryOf", 3)
    assert JOB in problem.message


def test_a_value_of_the_job_that_is_not_allowed_any_more_names_the_job() -> None:
    """The policy bounds a retry as any manifest; the fix is to say another value."""
    (problem,) = wrong({}, policy=NOW.model_copy(update={"images": ("contoso.azurecr.io/other",)}))
    assert (problem.path, problem.rule) == ("container.image", "policyImage")
    assert f"this value comes from {JOB}" in problem.message
    assert problem.fix.startswith("say container.image in this manifest")


def test_a_version_is_not_taken_over() -> None:
    """The retry is a file of its own."""
    with pytest.raises(Rejected) as caught:
        parse(json.dumps({"input": {"retryOf": JOB}}).encode(), "again.json", NOW, lambda job: first())
    assert told(caught.value.problems) == [("version", "required")]


def test_no_default_of_the_policy_can_be_a_retry() -> None:
    """retryOf stands in a manifest of its own, never among defaults."""
    policy = NOW.model_copy(update={"defaults": {"input": {"retryOf": JOB}}})
    with pytest.raises(Rejected) as caught:
        parse(b'{"version": 1, "container": {"image": "contoso.azurecr.io/app:1"}}', "job.json", policy)
    assert ("input.retryOf", "onlyWith") in told(caught.value.problems)
