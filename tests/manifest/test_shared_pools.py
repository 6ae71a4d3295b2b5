"""A manifest that runs on an operator's pool: what it may say beside it, and what may not get in its way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manifest.making import ABSENT, POLICY, parsed, problems, told
from tests.manifest.test_retried import first, retried

WITH = POLICY.model_copy(
    update={"pools": ("night",), "profiles": {"shared": {"pool": "night"}, "own": {"vmSize": "Standard_F64s_v2"}}}
)
ON_POOL: dict[str, Any] = {"compute": {"pool": "night"}}
SIDE = {"merge.by": "container", "merge.container": {"command": ["join"]}}


def test_an_allowed_pool_is_all_that_is_said_of_the_machines() -> None:
    """No VM size is due; spot nodes and their preemptions are the operator's."""
    compute = parsed(ON_POOL, WITH).compute
    assert (compute.pool, compute.vm_size, compute.spot) == ("night", "", False)


def test_a_pool_that_the_policy_does_not_name_is_refused() -> None:
    """Naming those that it does."""
    (found,) = problems({"compute": {"pool": "day"}}, WITH)
    assert (found.path, found.rule) == ("compute.pool", "policyPool")
    assert "perJob, night" in found.fix


@pytest.mark.parametrize("field", ["vmSize", "maxNodes", "taskSlotsPerNode", "spot", "osImage"])
def test_machines_of_its_own_do_not_go_with_a_shared_pool(field: str) -> None:
    """What would have no effect is refused, not ignored."""
    values = {"vmSize": "Standard_D2s_v5", "maxNodes": 2, "taskSlotsPerNode": 2, "spot": False, "osImage": "a:b:c"}
    found = problems({"compute": {"pool": "night", field: values[field]}}, WITH)
    assert told(found) == [(f"compute.{field}", "onlyWith")]


def test_defaults_give_way_to_what_the_manifest_says() -> None:
    """Machines of the defaults beside a pool that is said, a default pool beside machines that are said."""
    machines = WITH.model_copy(update={"defaults": {"compute": {"vmSize": "Standard_L96s", "maxNodes": 3}}})
    assert parsed(ON_POOL, machines).compute.pool == "night"
    pool = WITH.model_copy(update={"defaults": {"compute": {"pool": "night"}}})
    assert parsed({"compute": ABSENT}, pool).compute.pool == "night"
    assert parsed({}, pool).compute.pool is None
    own = WITH.model_copy(update={"defaults": {"compute": {"pool": "night", "vmSize": "Standard_L96s"}}})
    assert parsed({"compute": {"pool": "perJob"}}, own).compute.vm_size == "Standard_L96s"


def test_a_profile_may_name_a_pool() -> None:
    """And a manifest that says a machine beside it is told that these do not go together."""
    assert parsed({"compute": {"profile": "shared"}}, WITH).compute.pool == "night"
    assert parsed({"compute": {"profile": "own", "pool": "night"}}, WITH).compute.pool == "night"
    found = problems({"compute": {"profile": "shared", "vmSize": "Standard_D2s_v5"}}, WITH)
    assert told(found) == [("compute.vmSize", "onlyWith")]


def test_a_recombiner_beside_a_shared_pool_says_its_machine() -> None:
    """It runs on a node of its own, and nothing else tells which."""
    assert told(problems(ON_POOL | SIDE, WITH)) == [("merge.container.vmSize", "required")]
    more = {"merge.container": {"command": ["join"], "vmSize": "Standard_D2s_v5"}}
    assert parsed(ON_POOL | SIDE | more, WITH).merge.container is not None


def test_a_budget_in_money_needs_a_price_and_a_shared_pool_has_none() -> None:
    """Node hours can be bounded: the part of the nodes that the job's tasks hold."""
    priced = WITH.model_copy(update={"currency": "USD"})
    assert told(problems(ON_POOL | {"limits.maxCost": "5 USD"}, priced)) == [("limits.maxCost", "policyPrice")]
    assert parsed(ON_POOL | {"limits.maxNodeHours": 5}, priced).limits.max_node_hours == 5


def test_a_retry_may_move_to_a_shared_pool_and_back() -> None:
    """What it says of the machines takes the place of what its job said."""
    assert retried(ON_POOL, policy=WITH).compute.pool == "night"
    parent = first(said=ON_POOL, policy=WITH)
    assert retried(policy=WITH, parent=parent).compute.pool == "night"
    compute = retried({"compute": {"vmSize": "Standard_F64s_v2"}}, policy=WITH, parent=parent).compute
    assert (compute.pool, compute.vm_size) == (None, "Standard_F64s_v2")
