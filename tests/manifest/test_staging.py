"""compute.staging: what goes with a mount, and what is told where something does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.errors import Rejected
from shared.manifest.parse import parse
from shared.manifest.retried import Parent
from tests.manifest.making import BASE, POLICY, parsed, problems, told

MOUNT = {"compute.staging": "mount"}


def test_transfer_is_the_default_and_mount_is_taken() -> None:
    """Said or not, the manifest holds which one it is."""
    assert parsed({}).compute.staging == "transfer"
    assert parsed(MOUNT).compute.staging == "mount"
    assert parsed(MOUNT | {"input.blobs": "data/in/*", "merge.by": "lines"}).compute.staging == "mount"


@pytest.mark.parametrize("way", ["files", "zip", "container"])
def test_a_mount_does_not_go_with_merges_that_take_whole_folders(way: str) -> None:
    """What an attempt that failed has left would be in the result: refused, with both ways out."""
    changes: dict[str, Any] = MOUNT | {"merge.by": way}
    changes |= {"merge.container": {"image": "contoso.azurecr.io/app:1"}} if way == "container" else {}
    (problem,) = problems(changes)
    assert (problem.path, problem.rule) == ("compute.staging", "onlyWith")
    assert way in problem.message
    assert "transfer" in problem.fix
    assert "concat" in problem.fix


def test_the_implied_merge_counts_too() -> None:
    """Blobs are collected as files unless something else is said."""
    assert told(problems(MOUNT | {"input.blobs": "data/in/*"})) == [("compute.staging", "onlyWith")]


def test_a_mount_does_not_go_with_a_shared_pool() -> None:
    """Mounts belong to the pool."""
    found = problems(MOUNT | {"compute.pool": "shared"})
    assert ("compute.staging", "onlyWith") in told(found)


def test_a_container_that_may_be_read_only_in_part_is_not_mounted() -> None:
    """A mount shows all of it, whatever the glob says."""
    changes = MOUNT | {"input.blobs": "data/in/*", "merge.by": "lines"}
    narrow = POLICY.model_copy(update={"read": ("data/in/**",)})
    assert told(problems({**changes, "compute.staging": "transfer"}, narrow)) == []
    (problem,) = problems(changes, narrow)
    assert (problem.path, problem.rule) == ("compute.staging", "policyRead")
    assert "'data'" in problem.message


def test_a_mount_by_default_gives_way_where_it_does_not_go() -> None:
    """The policy's default is not used where the manifest says what excludes it."""
    policy = POLICY.model_copy(update={"defaults": {"compute": {"staging": "mount"}}})
    assert parsed({}, policy).compute.staging == "mount"
    assert parsed({"merge.by": "zip"}, policy).compute.staging == "transfer"


def test_a_retry_stages_as_the_retried_job_did() -> None:
    """Its list files name paths of that way; another one is refused."""
    first = parse(
        json.dumps(BASE | {"compute": {"vmSize": "Standard_D2s_v5", "staging": "mount"}}).encode(), "a.json", POLICY
    )
    parent = Parent("bd-a-0123456789ab", first.manifest, first.document)

    def retried(more: dict[str, Any]) -> str:
        raw = {"version": 1, "input": {"retryOf": parent.job}} | more
        return parse(json.dumps(raw).encode(), "b.json", POLICY, lambda _: parent).manifest.compute.staging

    assert retried({}) == retried({"compute": {"staging": "mount"}}) == "mount"
    for more in ({"compute": {"staging": "transfer"}}, {"merge": {"by": "zip"}}):
        with pytest.raises(Rejected) as caught:
            retried(more)
        assert told(caught.value.problems) == [("compute.staging", "onlyWith")]


def test_a_retry_knows_a_default_that_was_not_used() -> None:
    """Where the policy's mount gave way, the retry transfers too, whatever it merges by."""
    policy = POLICY.model_copy(update={"defaults": {"compute": {"staging": "mount"}}})
    first = parse(json.dumps(BASE | {"merge": {"by": "zip"}}).encode(), "a.json", policy)
    parent = Parent("bd-a-0123456789ab", first.manifest, first.document)
    for merge in ({}, {"merge": {"by": "concat"}}):
        raw = {"version": 1, "input": {"retryOf": parent.job}} | merge
        assert (
            parse(json.dumps(raw).encode(), "b.json", policy, lambda _: parent).manifest.compute.staging == "transfer"
        )
