"""The operator's profiles: named machines that a manifest takes as they are, or changes field by field."""

from __future__ import annotations

from typing import Any

import pytest

from shared.policy import Caps, Policy
from tests.manifest.making import ABSENT, POLICY, parsed, problems, told
from tests.manifest.test_retried import first, retried

PROFILES: dict[str, dict[str, Any]] = {
    "large": {"vmSize": "Standard_F64s_v2", "maxNodes": 8, "taskSlotsPerNode": 32, "spot": False},
    "slots": {"taskSlotsPerNode": 4},
    "foreign": {"vmSize": "Standard_Unlisted"},
}
WITH = POLICY.model_copy(update={"profiles": PROFILES})


def with_default(**compute: Any) -> Policy:
    return WITH.model_copy(update={"defaults": {"compute": compute}})


def test_a_profile_says_which_machines() -> None:
    """A manifest that only names the profile gets all of its fields."""
    compute = parsed({"compute": {"profile": "large"}}, WITH).compute
    assert (compute.vm_size, compute.max_nodes, compute.slots, compute.spot) == ("Standard_F64s_v2", 8, 32, False)


def test_the_manifest_comes_before_the_profile_and_the_profile_before_the_defaults() -> None:
    """What is said beside the profile wins; what neither says comes from the defaults, then from the contract."""
    policy = with_default(vmSize="Standard_L96s", maxNodes=3, dedicatedAfterPreemptions="never")
    compute = parsed({"compute": {"profile": "large", "maxNodes": 2}}, policy).compute
    assert (compute.vm_size, compute.max_nodes, compute.slots) == ("Standard_F64s_v2", 2, 32)
    assert compute.dedicated_after_preemptions is None
    compute = parsed({"compute": {"profile": "slots"}}, policy).compute
    assert (compute.vm_size, compute.max_nodes, compute.slots, compute.spot) == ("Standard_L96s", 3, 4, True)


def test_the_operator_can_make_a_profile_the_default() -> None:
    """defaults.compute.profile stands in where a manifest names none."""
    policy = with_default(profile="large")
    assert parsed({"compute": ABSENT}, policy).compute.slots == 32
    assert parsed({"compute": {"profile": "slots", "vmSize": "Standard_L96s"}}, policy).compute.slots == 4


def test_an_unknown_profile_is_refused_and_the_known_ones_are_named() -> None:
    """One problem, whatever else the profile would have said."""
    (found,) = problems({"compute": {"profile": "larg"}}, WITH)
    assert (found.path, found.rule) == ("compute.profile", "policyProfile")
    assert "large, slots, foreign" in found.fix


def test_a_profile_without_a_machine_leaves_it_to_be_said() -> None:
    """Where no default says it either."""
    assert told(problems({"compute": {"profile": "slots"}}, WITH)) == [("compute.vmSize", "required")]


@pytest.mark.parametrize(
    ("compute", "caps", "path", "rule"),
    [
        ({"profile": "foreign"}, Caps(), "compute.vmSize", "policyVmSize"),
        ({"profile": "large"}, Caps(max_nodes=4), "compute.maxNodes", "policyCap"),
        ({"profile": "large", "vmSize": "Standard_D2s_v5"}, Caps(), "compute.taskSlotsPerNode", "range"),
    ],
)
def test_what_is_wrong_with_a_profile_names_it(compute: dict[str, Any], caps: Caps, path: str, rule: str) -> None:
    """A profile is no way around the lists and caps, and who did not write the value is told where it stands."""
    (found,) = problems({"compute": compute}, WITH.model_copy(update={"caps": caps}))
    assert (found.path, found.rule, found.line) == (path, rule, None)
    assert f"the policy's profile {compute['profile']}" in found.message
    assert f"profiles.{compute['profile']}.{path.partition('.')[2]} in policy.yaml" in found.fix


def test_a_field_that_overrides_a_profile_is_bounded_like_any_other() -> None:
    """Its problem has its own place in the file."""
    (found,) = problems({"compute": {"profile": "large", "vmSize": "Standard_Unlisted"}}, WITH)
    assert (found.path, found.rule, found.line) == ("compute.vmSize", "policyVmSize", 1)
    assert "profile" not in found.message


def test_a_retry_has_the_machines_of_its_job_or_those_of_the_profile_it_names() -> None:
    """What the profile was when the job was accepted holds for a retry that says nothing of it."""
    assert retried(policy=WITH).compute.max_nodes == 5
    compute = retried({"compute": {"profile": "large"}}, policy=WITH).compute
    assert (compute.vm_size, compute.max_nodes) == ("Standard_F64s_v2", 8)
    assert "profile" not in first().document["compute"]


def test_a_retry_of_a_job_with_a_profile_needs_no_profile_of_that_name() -> None:
    """The operator may have renamed it since."""
    parent = first(said={"compute": {"profile": "large"}}, policy=WITH)
    compute = retried(policy=POLICY, parent=parent).compute
    assert (compute.vm_size, compute.slots) == ("Standard_F64s_v2", 32)
