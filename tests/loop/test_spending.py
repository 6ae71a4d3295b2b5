"""Budgets and spot nodes: warned at 80 %, drained at 100 %, dedicated when spot does not hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.policy import VmSize
from shared.ports import NodeCounts, Quotas
from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Ground, run_task
from tests.loop.test_jobs import RANGE, number

NODES = NodeCounts(running=2, spot=2, total=2)


def running(manifest: str) -> Ground:
    """One of five tasks has ended, another runs, on two nodes."""
    ground = Ground()
    price = VmSize(cores=2, price=1.0, spot_price=0.25)
    ground.policy = ground.policy.model_copy(
        update={"vm_sizes": {"Standard_D2s_v5": price}, "currency": "USD", "prices_as_of": "2026-11-01"}
    )
    ground.world.batch.first_nodes = NODES
    ground.drop(manifest)
    ground.run_tasks(number, 1)
    ground.world.batch.start(1)
    ground.world.clock.advance(timedelta(seconds=5))
    ground.tick()
    return ground


def wait(ground: Ground, minutes: int) -> None:
    for _ in range(minutes):
        ground.world.clock.advance(timedelta(minutes=1))
        ground.tick()
        ground.deliver()


def codes(ground: Ground) -> list[str]:
    return [warning["code"] for warning in ground.status()["warnings"]]


@pytest.mark.parametrize("limit", ["maxNodeHours: 1", 'maxCost: "0.25 USD"'])
def test_a_budget_warns_then_drains_then_ends_the_job(limit: str) -> None:
    """80 %: a warning; 100 %: formula to zero; a quarter of an hour later BUDGET, and nothing left."""
    ground = running(RANGE + f"limits: {{{limit}}}\n")
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    wait(ground, 25)
    assert codes(ground) == ["BUDGET_80"]
    assert not pool.formula.startswith("$TargetDedicatedNodes = 0;")
    wait(ground, 6)
    assert pool.formula.startswith("$TargetDedicatedNodes = 0;\n")
    assert ground.status()["final"] is False
    wait(ground, 16)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", "BUDGET")
    assert status["cost"]["estimate"] == pytest.approx(status["cost"]["nodeHours"] * 0.25, rel=0.01)
    assert status["units"]["notRun"] == 4
    assert ground.left() == []


def test_no_new_task_starts_once_the_budget_is_spent() -> None:
    """The pool's formula takes minutes to be looked at: the job is held at once; what runs may end and counts."""
    ground = running(RANGE + 'limits: {maxNodeHours: 1}\nfailure: {tolerated: "60%"}\n')
    (job,) = ground.open_jobs()
    wait(ground, 31)
    assert ground.world.batch.pools[job].formula.startswith("$TargetDedicatedNodes = 0;\n")
    assert ground.run_tasks(number) == 0
    task = next(task for task in ground.world.batch.jobs[job].tasks.values() if task.running)
    task.run(lambda spec: run_task(spec, number, ground.world), ground.world.clock.now())
    wait(ground, 2)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["units"]["merged"], status["units"]["notRun"]) == ("succeeded", 2, 3)
    assert "The budget (1 node hour) was used up" in status["warnings"][-1]["message"]


def test_a_budget_that_its_canary_uses_up_starts_no_other_task() -> None:
    """Drained while one task was tried: the rest is not added."""
    ground = Ground()
    ground.world.batch.first_nodes = NODES
    ground.drop(RANGE + "canary: true\nlimits: {maxNodeHours: 1}\n")
    ground.world.batch.start(1)
    wait(ground, 50)
    ground.settle(number)
    status = ground.status()
    assert (status["failure"]["code"], status["units"]["notRun"]) == ("BUDGET", 5)
    assert ground.left() == []


def test_a_spent_budget_within_tolerance_is_an_incomplete_success() -> None:
    """What ran is merged; the reason is a warning."""
    ground = running(RANGE + 'limits: {maxNodeHours: 1}\nfailure: {tolerated: "80%"}\n')
    wait(ground, 50)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["complete"], status["units"]["merged"]) == ("succeeded", False, 1)
    assert "INCOMPLETE" in codes(ground)


def test_after_enough_preemptions_the_pool_turns_to_dedicated_nodes_once() -> None:
    """One task lost its node twice: the formula is replaced, said in a warning; no retry is used."""
    ground = running(RANGE + "compute: {dedicatedAfterPreemptions: 2}\n")
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    assert "$TargetLowPriorityNodes = max" in pool.formula
    for _ in range(2):
        assert "$TargetDedicatedNodes = max" not in pool.formula
        take_and_give_back(ground, job)
    assert "$TargetDedicatedNodes = max" in pool.formula
    assert codes(ground) == ["PREEMPTIONS"]
    message = ground.status()["warnings"][0]["message"]
    assert message.startswith("Task t-000001 has lost its spot node 2 times; the rest runs on dedicated nodes.")
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["attempts"]["preemptions"] >= 2) == ("succeeded", True)


def take_and_give_back(ground: Ground, job: str) -> None:
    """The spot node of the running task goes; a while later it is back, and runs what comes first."""
    ground.world.batch.preempt(job, 1)
    wait(ground, 1)
    ground.world.batch.set_nodes(job, NODES)
    ground.world.batch.start(1)
    wait(ground, 1)


def test_many_preemptions_of_many_tasks_leave_the_job_on_spot_nodes() -> None:
    """It counts per task, not per job: each task is hit once only."""
    ground = running(RANGE + "compute: {dedicatedAfterPreemptions: 2}\n")
    (job,) = ground.open_jobs()
    for _ in range(4):
        take_and_give_back(ground, job)
        ground.run_tasks(number, 1)
        ground.world.batch.start(1)
        wait(ground, 1)
    assert "$TargetDedicatedNodes = max" not in ground.world.batch.pools[job].formula
    assert "At least 4 spot nodes were taken back" in ground.status()["warnings"][0]["message"]
    ground.settle(number)
    assert ground.status()["attempts"]["preemptions"] == 4


def test_a_task_that_is_sent_out_again_for_its_own_failure_is_not_taken_for_preempted() -> None:
    """It ended by itself on a node that was taken back right after: nothing was lost with that."""
    ground = running(RANGE + "compute: {dedicatedAfterPreemptions: 1}\n")
    (job,) = ground.open_jobs()
    wait(ground, 1)
    batch = ground.world.batch
    (task,) = (task for task in batch.jobs[job].tasks.values() if task.running)
    batch.preempt(job, 1)
    batch.pools[job].taken = frozenset({task.node})
    task.end, task.ended = TaskEnd(None, "servererror", "DiskFull", "full"), ground.world.clock.now()
    wait(ground, 1)
    batch.set_nodes(job, NODES)
    batch.start(2)
    wait(ground, 2)
    assert task.running
    assert "$TargetDedicatedNodes = max" not in batch.pools[job].formula


def test_half_an_hour_without_spot_nodes_turns_to_dedicated_ones() -> None:
    """Spot below half its target while tasks wait."""
    ground = running(RANGE)
    (job,) = ground.open_jobs()
    pool = ground.world.batch.pools[job]
    ground.world.batch.set_nodes(job, NodeCounts(starting=4, total=4))
    wait(ground, 25)
    assert "$TargetDedicatedNodes = max" not in pool.formula
    wait(ground, 10)
    assert "$TargetDedicatedNodes = max" in pool.formula
    assert "For 30 minutes fewer than half" in ground.status()["warnings"][0]["message"]


def test_never_means_never() -> None:
    """dedicatedAfterPreemptions: never."""
    ground = running(RANGE + "compute: {dedicatedAfterPreemptions: never}\n")
    (job,) = ground.open_jobs()
    for _ in range(5):
        ground.world.batch.set_nodes(job, NODES)
        wait(ground, 1)
        ground.world.batch.preempt(job, 2)
        wait(ground, 1)
    assert "$TargetDedicatedNodes = max" not in ground.world.batch.pools[job].formula
    assert "At least 10 spot nodes were taken back; their tasks run again" in ground.status()["warnings"][0]["message"]


def test_an_account_without_dedicated_cores_keeps_its_spot_nodes() -> None:
    """Where the account can be read, no job is moved to nodes that it can never have."""
    ground = running(RANGE)
    (job,) = ground.open_jobs()
    ground.world.batch.account = Quotas(pools=9, jobs=9, dedicated_cores=0, spot_cores=99)
    ground.world.batch.set_nodes(job, NodeCounts(starting=4, total=4))
    wait(ground, 60)
    assert "$TargetDedicatedNodes = max" not in ground.world.batch.pools[job].formula
    ground.world.batch.account = Quotas(pools=9, jobs=9, dedicated_cores=99, spot_cores=99)
    wait(ground, 5)
    assert "$TargetDedicatedNodes = max" in ground.world.batch.pools[job].formula
