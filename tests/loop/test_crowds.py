"""Many open jobs at once: what the clock's round reads of them, and whom it sees first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from controller import store, tick
from controller.known import MANY, KnownRecords
from controller.threads import alone
from shared.errors import OutOfTime
from shared.names import JOBS as DROP_BOX
from shared.names import STATE, JobId, record_blob
from shared.ports import LockPort
from tests.load.crowd import drop, path_of
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE

JOBS = MANY + 10


@dataclass
class Asked:
    """Locks that note which jobs a tick comes to, in its order."""

    locks: LockPort
    jobs: list[str] = field(default_factory=list)

    def held(self, job_id: str) -> bool:
        self.jobs.append(job_id)
        return self.locks.held(job_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.locks, name)


def waiting(jobs: int = JOBS) -> Ground:
    """In line for the only pool, which somebody else has."""
    ground = Ground()
    ground.world.batch.pool_quota = 0
    drop(ground, RANGE, jobs)
    with alone():
        ground.sweep()
        for _ in range(3):
            ground.tick()
            ground.deliver()
    return ground


def reads(ground: Ground) -> int:
    return ground.world.control.calls["read"]


def records(ground: Ground) -> list[Any]:
    loaded = [store.load(ground.world.control, marker.job) for marker in store.markers(ground.world.control)]
    return [each.record for each in loaded if each is not None]


def test_a_record_that_has_not_changed_is_not_read_again() -> None:
    """With many jobs in line and nothing to do, a tick costs a few requests, not one for each job."""
    ground = waiting()
    with alone():
        ground.tick()
        before = ground.world.control.calls.total()
        ground.tick()
    assert len(ground.open_jobs()) == JOBS
    assert ground.world.control.calls.total() - before < 10


def test_what_another_worker_has_written_is_seen_at_once() -> None:
    """Two workers take turns; whatever one has read before, it finds each record as it is stored now."""
    ground = waiting()
    one, other = KnownRecords(), KnownRecords()
    for known in (one, other, one, other, one):
        assert tick.open_records(ground.world.ports, known) == records(ground)
        ground.world.clock.advance(timedelta(minutes=7))
        ground.tick()
    ground.world.batch.pool_quota = None
    with alone():
        ground.tick()
    assert tick.open_records(ground.world.ports, other) == records(ground)


def test_a_record_behind_the_last_name_that_is_listed_is_read() -> None:
    """Records of jobs that are over stand among the others and may be many: none of the open ones is lost for it."""
    ground = waiting()
    for index in range(20 * JOBS):
        ground.world.control.put(STATE, f"records/bd-0{index:05}.json", b"{}")
    known = KnownRecords()
    for _ in range(2):
        assert tick.open_records(ground.world.ports, known) == records(ground)


def test_who_may_hold_a_pool_comes_before_all_who_wait() -> None:
    """A crowd that was overdue before: the job that runs, and the one whose turn it is, are looked at first."""
    ground = waiting()
    ground.world.batch.pool_quota = 1
    ground.world.clock.advance(timedelta(minutes=6))
    ground.event(path_of(0))
    ground.world.batch.pool_quota = 2
    ground.world.clock.advance(timedelta(minutes=6))
    asked = Asked(ground.world.locks)
    with alone():
        tick.tick(replace(ground.world.ports, locks=asked), ground.deployment, ground.world.clock.now())
    assert len(asked.jobs) == JOBS
    first, second = (ground.status(path_of(index))["jobId"] for index in range(2))
    assert set(asked.jobs[:2]) == {first, second}


def test_a_crowd_without_inputs_leaves_the_queue_to_those_that_run() -> None:
    """What the manifest alone tells is fixed by the tick itself: the queue's long steps are not kept waiting for it."""
    ground = Ground()
    ground.world.batch.pool_quota = 0
    drop(ground, RANGE, JOBS)
    ground.sweep()
    ground.tick()
    assert all(record.input is not None for record in records(ground))
    assert [message.body["kind"] for message in ground.world.queue.messages] == ["tick"]


def test_the_listing_finds_the_marker_without_a_record_among_many() -> None:
    """An accept that died half way is done again; the others' records are not read for it."""
    ground = waiting()
    job = ground.status(path_of(JOBS // 2))["jobId"]
    ground.world.control.delete(STATE, record_blob(job))
    before = reads(ground)
    ground.sweep()
    assert reads(ground) - before < 20
    assert store.load(ground.world.control, job) is not None


def test_a_listing_that_runs_out_of_time_ends_and_the_next_one_goes_on() -> None:
    """A crowd that cannot be accepted in one round: what is left is not tried in vain, one by one."""
    ground = Ground()
    drop(ground, RANGE, JOBS)
    ground.world.control.fail_next("head", OutOfTime(), times=JOBS)
    before = ground.world.control.calls["head"]
    ground.sweep()
    assert (ground.world.control.calls["head"] - before, ground.open_jobs()) == (1, [])
    ground.world.control.faults.clear()
    ground.sweep()
    assert len(ground.open_jobs()) == JOBS


def test_a_cancel_is_found_before_a_crowd_of_manifests() -> None:
    """Its event was lost, and there is no time left for those that stand before it in the listing."""
    ground = Ground()
    ground.drop(RANGE, "last.yaml")
    drop(ground, RANGE, JOBS)
    ground.world.control.put(DROP_BOX, "last.yaml.cancel", b"")
    ground.world.control.fail_next("head", OutOfTime())
    ground.sweep()
    assert store.cancel_intended(ground.world.control, JobId(ground.status("last.yaml")["jobId"]))


def test_a_tick_whose_time_is_up_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not once for each job of a crowd that it did not come to."""
    ground = waiting()
    ground.world.clock.advance(timedelta(minutes=30))
    ground.world.locks.fail_next("held", OutOfTime(), times=JOBS)
    caplog.clear()
    ground.tick()
    warned = [record.name for record in caplog.records if record.levelname == "WARNING"]
    assert (warned.count("batchdrop.triggers"), warned.count("batchdrop.tick")) == (1, 0)
