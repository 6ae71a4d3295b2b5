"""What nodes may do in a job's containers: for as long as the job is open, and not a moment longer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controller.rights import LASTS
from shared.names import EXPIRES_KEY, JobId, input_container, output_container
from shared.ports import NodeCounts
from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container, Ground
from tests.loop.mortal import Killed, Killer, mortal
from tests.loop.test_jobs import RANGE, number
from tests.loop.test_passes import Interrupting

LONG = RANGE + "limits: {taskTimeout: P30D, jobTimeout: P60D}\n"
SPLITTER = """
version: 1
container: {image: "localhost/demo:1"}
input: {blob: data/in.txt}
split: {by: container, container: {image: "localhost/splitter:1"}}
merge: {by: concat}
"""


def expiries(ground: Ground, job: JobId) -> list[datetime]:
    """Of everything that the job holds."""
    batch, work = ground.world.batch, ground.world.work
    owned = [*batch.owned_pools(), *batch.owned_jobs(), *work.list_containers(job)]
    return [datetime.fromisoformat(each.metadata[EXPIRES_KEY]) for each in owned]


def policies(ground: Ground, job: JobId) -> list[tuple[str, datetime] | None]:
    return [ground.world.work.policy(name) for name in (input_container(job), output_container(job))]


def running_for(ground: Ground, hours: int) -> JobId:
    """A job whose tasks run so long; every hour somebody looks."""
    ground.drop(LONG)
    (job,) = map(JobId, ground.open_jobs())
    ground.world.batch.set_nodes(job, NodeCounts(running=1, total=1))
    ground.world.batch.jobs[job].tasks["t-000000"].running = True
    for _ in range(hours):
        ground.world.clock.advance(timedelta(hours=1))
        ground.tick()
        ground.deliver()
        assert all(policy and policy[1] > ground.world.clock.now() for policy in policies(ground, job))
    return job


def test_rights_are_moved_on_under_a_running_task_and_end_with_the_verdict() -> None:
    """What a task was given does not lapse while it runs, be it for three weeks; then all of it dies at once."""
    ground = Ground()
    job = running_for(ground, 21 * 24)
    assert [policy and policy[0] for policy in policies(ground, job)] == ["r", "cw"]
    ground.run_tasks(number)
    while ground.status()["times"]["verdict"] is None:
        ground.tick()
        ground.deliver()
        ground.world.clock.advance(timedelta(seconds=5))
    assert policies(ground, job) == [None, None]
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_marks_of_ownership_are_moved_on_before_they_lapse() -> None:
    """Pool, job and containers of an open job say at any time that they are somebody's for days to come."""
    ground = Ground()
    job = running_for(ground, 240)
    now = ground.world.clock.now()
    assert len(expiries(ground, job)) == 4
    assert all(now + LASTS - timedelta(days=1, hours=1) <= each <= now + LASTS for each in expiries(ground, job))


def test_containers_that_are_kept_stay_marked() -> None:
    """A failed job's containers, kept for long, are marked as owned until they go; nobody may write there."""
    ground = Ground()
    ground.drop(RANGE + "retention: {otherwise: P40D}\n")
    (job,) = map(JobId, ground.open_jobs())
    for _ in range(60):
        ground.round(lambda _: TaskEnd(1))
    assert ground.status()["cleanup"]["state"] == "retained"
    for _ in range(39):
        ground.world.clock.advance(timedelta(days=1))
        ground.tick()
        ground.deliver()
        assert len(expiries(ground, job)) == 2
        assert min(expiries(ground, job)) > ground.world.clock.now()
        assert policies(ground, job) == [None, None]
    ground.settle(number)
    assert ground.left() == []


def test_the_splitter_may_write_inputs_and_the_tasks_may_not() -> None:
    """Whoever gets hold of a task's addresses cannot change what other tasks read."""
    ground, seen = Ground(), []
    ground.put("data/in.txt", "a\nb\n")
    ground.drop(SPLITTER)
    (job,) = map(JobId, ground.open_jobs())

    def program(container: Container) -> None:
        seen.append([policy and policy[0] for policy in policies(ground, job)])
        container.write(container.read(), None if "OUTPUT_PATH" in container.env else "part.txt")

    ground.settle(program)
    assert seen == [["rcw", "cw"], ["r", "cw"]]
    assert ground.status()["state"] == "succeeded"


@pytest.mark.parametrize("method", ["allow", "mark_container"])
def test_rights_that_a_slow_worker_gives_after_the_verdict_are_taken_back(method: str) -> None:
    """Frozen after it decided to move them on, the job ended by another: nobody can write afterwards."""
    ground = Ground()
    job = running_for(ground, 48)
    whole = ground.world

    def the_other_ends_the_job() -> None:
        frozen, ground.world = ground.world, whole
        ground.drop("", "job.yaml.cancel")
        ground.sweep()
        whole.clock.advance(timedelta(minutes=5))
        ground.tick()
        ground.deliver()
        assert policies(ground, job) == [None, None]
        ground.world = frozen

    whole.clock.advance(timedelta(days=1, hours=1))
    interrupted = Interrupting(whole.work, method, the_other_ends_the_job)
    ground.world = replace(whole, ports=replace(whole.ports, work=interrupted))
    ground.tick()
    ground.world = whole
    assert ground.status()["state"] == "cancelled"
    assert policies(ground, job) == [None, None]


@pytest.mark.parametrize("after", [False, True])
def test_a_renewal_that_dies_at_any_call_is_done_by_the_next_look(after: bool) -> None:
    """Half of it moved on or none: afterwards all of it is."""
    for at in range(1, 40):
        ground = Ground()
        job = running_for(ground, 23)
        whole, killer = ground.world, Killer(at, after)
        whole.clock.advance(timedelta(hours=2))
        ground.world = mortal(whole, killer)
        with suppress(Killed):
            ground.tick()
        if not killer.dead:
            break
        ground.world = whole
        whole.clock.advance(timedelta(minutes=5))
        ground.tick()
        ground.deliver()
        now = whole.clock.now()
        assert min(expiries(ground, job)) > now + LASTS - timedelta(hours=1)
        assert all(policy and policy[1] > now + LASTS - timedelta(hours=1) for policy in policies(ground, job))
    assert at > 10


@pytest.mark.parametrize("days", [1, 5])
def test_a_controller_that_was_away_for_days_is_not_too_late(days: int) -> None:
    """Rights outlive an outage of days, and are moved on at the first look after it."""
    ground = Ground()
    job = running_for(ground, 48)
    ground.world.clock.advance(timedelta(days=days))
    assert all(policy and policy[1] > ground.world.clock.now() for policy in policies(ground, job))
    ground.tick()
    ground.deliver()
    assert all(
        policy and policy[1] > ground.world.clock.now() + LASTS - timedelta(hours=1) for policy in policies(ground, job)
    )
