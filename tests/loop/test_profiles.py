"""The operator's profiles on whole jobs: dropped, planned, retried."""

from __future__ import annotations

from shared.policy import VmSize
from tests.loop.ground import Container, Ground, Program

JOB = """
version: 1
container: {image: "localhost/demo:1"}
input: {range: {stop: 40}}
split: {unitsPerTask: 1}
compute: {profile: large}
"""
LARGE = {"vmSize": "Standard_F8s_v2", "maxNodes": 3, "taskSlotsPerNode": 2, "spot": False}


def with_profiles() -> Ground:
    ground = Ground()
    sizes = ground.policy.vm_sizes | {"Standard_F8s_v2": VmSize(cores=8)}
    ground.policy = ground.policy.model_copy(update={"vm_sizes": sizes, "profiles": {"large": LARGE}})
    return ground


def number_but(failing: str) -> Program:
    def program(container: Container) -> int:
        container.write(b"x\n")
        return int(container.env["BATCHDROP_UNIT_START"] == failing)

    return program


def test_a_job_gets_the_pool_of_its_profile() -> None:
    """VM size, slots, nodes and kind of nodes are the profile's."""
    ground = with_profiles()
    ground.drop(JOB)
    (pool,) = ground.world.batch.pools.values()
    assert (pool.spec.vm_size, pool.spec.slots) == ("Standard_F8s_v2", 2)
    assert "$TargetDedicatedNodes = max(0, nodes)" in pool.formula
    assert "min(3," in pool.formula


def test_a_dry_run_plans_with_the_profile() -> None:
    """As many nodes as it allows."""
    ground = with_profiles()
    ground.drop(JOB + "dryRun: true\n")
    assert ground.status()["plan"]["nodes"] == 3


def test_a_retry_keeps_the_machines_though_the_profile_has_changed() -> None:
    """It runs on what its job had."""
    ground = with_profiles()
    ground.drop(JOB + "failure: {tolerated: 1}\nlimits: {maxTaskRetryCount: 0}\n")
    while not ground.status()["final"]:
        ground.round(number_but("7"))
    retry = ground.blob(ground.status()["links"]["retry"]).decode()
    smaller = {"large": LARGE | {"maxNodes": 1, "taskSlotsPerNode": 1}}
    ground.policy = ground.policy.model_copy(update={"profiles": smaller})
    ground.drop(retry, "again.yaml")
    assert ground.world.batch.pools[ground.status("again.yaml")["jobId"]].spec.slots == 2
    ground.settle(number_but(""))
    assert ground.status("again.yaml")["complete"] is True
