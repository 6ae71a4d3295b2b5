"""What a job used is deleted by someone: the job fails by that name, and what ran well is not lost with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE, number


def half_done() -> tuple[Ground, str]:
    """Two of five tasks have ended well."""
    ground = Ground()
    ground.drop(RANGE)
    ground.run_tasks(number, 2)
    (job,) = ground.open_jobs()
    return ground, job


def look(ground: Ground) -> None:
    for _ in range(3):
        ground.world.clock.advance(timedelta(minutes=1))
        ground.tick()
        ground.deliver()


@pytest.mark.parametrize("what", ["pool", "job ended"])
def test_what_ran_well_is_kept_for_a_retry(what: str) -> None:
    """The pool is deleted, or the Batch job ended: two units wait for a retry, which runs the other three."""
    ground, job = half_done()
    if what == "pool":
        ground.world.batch.delete_pool(job)
    else:
        ground.world.batch.terminate_job(job, "UserTerminate")
    look(ground)
    status = ground.status()
    assert (status["state"], status["units"]["pending"], status["units"]["notRun"]) == ("failed", 2, 3)
    ran: list[str] = []
    ground.drop(ground.blob(status["links"]["retry"]), "again.yaml")
    ground.settle(lambda container: ran.append(container.args[0]) or number(container))
    again = ground.status("again.yaml")
    assert (again["state"], sorted(ran)) == ("succeeded", ["2", "3", "4"])
    assert ground.blob(again["links"]["result"]) == b"0\n1\n2\n3\n4\n"


def test_a_pool_on_its_way_out_is_lost_already() -> None:
    """Nobody waits for its 404: tasks would be requeued meanwhile, and nothing would run them."""
    ground, job = half_done()
    ground.world.batch.deletion = timedelta(hours=1)
    ground.world.batch.delete_pool(job)
    look(ground)
    assert ground.status()["failure"]["code"] == "POOL_LOST"


def test_with_the_batch_job_goes_what_is_known_of_its_tasks() -> None:
    """Only the task's own result counts, so all of it has to run again."""
    ground, job = half_done()
    ground.world.batch.delete_job(job)
    look(ground)
    status = ground.status()
    assert (status["failure"]["code"], status["units"]["pending"], status["units"]["notRun"]) == ("JOB_LOST", 0, 5)


@pytest.mark.parametrize(("ends", "state", "code"), [("cancel", "cancelled", "CANCELLED"), ("late", "failed", None)])
def test_a_job_that_is_ended_when_its_batch_job_is_gone_still_ends(ends: str, state: str, code: str | None) -> None:
    """Whether by a cancel or by its timeout: nobody can say how its tasks ended, so none of them ran."""
    ground = Ground()
    ground.drop(RANGE)
    ground.round(number, most=2)
    (job,) = ground.open_jobs()
    ground.world.batch.delete_job(job)
    ground.world.clock.advance(timedelta(minutes=2))
    if ends == "cancel":
        ground.drop("", "job.yaml.cancel")
    else:
        ground.world.clock.advance(timedelta(days=7))
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == (state, code or "JOB_TIMEOUT")
    assert (status["units"]["notRun"], ground.left()) == (5, [])
