"""What a pass does with races, lost words, trouble and its own defects; and what the hourly and HTTP doors do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import api, store, triggers
from controller.budget import Budget
from controller.reaper import reap
from shared.errors import Refused, Transient
from shared.names import JOB_KEY, OWNER_KEY, JobId
from shared.ports import Ports
from tests.loop.ground import Ground
from tests.loop.test_jobs import LINES, RANGE, copy, number


def only_job(ground: Ground) -> JobId:
    (job,) = ground.open_jobs()
    return JobId(job)


class Interrupting:
    """A port before one call of which something else happens: another worker, faster than this one."""

    def __init__(self, inner: Any, method: str, happens: Any) -> None:
        self._inner, self._method, self._happens = inner, method, happens

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return getattr(self._inner, name)


def test_a_message_with_an_old_wake_number_dies_after_one_read() -> None:
    """Doubled and delayed words change nothing."""
    ground = Ground()
    ground.drop(RANGE)
    job = only_job(ground)
    before = store.load(ground.world.control, job)
    reads = ground.world.control.calls.copy()
    triggers.on_wake({"kind": "job", "job": job, "wake": 99}, ground.world.ports, ground.deployment)
    after = store.load(ground.world.control, job)
    assert before == after
    assert ground.world.control.calls["read"] - reads["read"] == 2
    assert ground.world.control.calls["put"] == reads["put"]


def test_a_lost_word_costs_two_minutes() -> None:
    """The long step that was handed over is taken up by the tick when no message came."""
    ground = Ground()
    ground.drop(RANGE)
    ground.run_tasks(number)
    ground.world.clock.advance(timedelta(seconds=5))
    ground.tick()
    assert ground.world.events.sent
    ground.world.events.sent.clear()
    ground.world.clock.advance(timedelta(minutes=2))
    ground.tick()
    assert ground.world.events.sent
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_a_timer_that_stops_for_good_is_replaced_by_messages() -> None:
    """Each tick leaves one delayed tick message; it carries on alone."""
    ground = Ground()
    ground.drop(RANGE)
    ground.tick()
    for _ in range(20):
        ground.world.clock.advance(timedelta(minutes=5))
        ground.run_tasks(number)
        ground.deliver()
        ground.deliver()
    ground.world.clock.advance(timedelta(days=1))
    ground.deliver()
    assert ground.status()["state"] == "succeeded"
    assert ground.left() == []
    ticks = [message for message in ground.world.queue.messages if message.body["kind"] == "tick"]
    assert len(ticks) == 1


def test_trouble_with_a_service_is_waited_out() -> None:
    """Transient errors never end a job nor leave a handler."""
    ground = Ground()
    for method in ("create_pool", "create_job", "add_tasks", "task_counts", "delete_pool", "delete_job"):
        ground.world.batch.fail_next(method, Transient("busy", timedelta(seconds=20)), times=3)
    ground.drop(RANGE)
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"
    assert ground.left() == []


def test_a_refusal_is_told_at_once_and_fails_the_job_after_five_in_ten_minutes() -> None:
    """A service that says no for good: people read why, and the job ends as DEFECT, with nothing left."""
    ground = Ground()
    ground.world.batch.fail_next("create_pool", Refused("InvalidPropertyValue", 400, "vmSize is wrong"), times=1000)
    ground.drop(RANGE)
    ground.tick()
    waiting = ground.status()["waiting"]
    assert [w["code"] for w in waiting] == ["STUCK"]
    assert "vmSize is wrong" in waiting[0]["message"]
    for _ in range(10):
        ground.world.clock.advance(timedelta(minutes=2))
        ground.tick()
    status = ground.status()
    assert status["failure"]["code"] == "DEFECT"
    assert "vmSize is wrong" in status["failure"]["message"]
    ground.settle(number)
    assert ground.left() == []


def test_an_error_nobody_expected_is_a_counted_defect() -> None:
    """A fault of ours in one job is no fault of the handler, and progress clears the count."""
    ground = Ground()
    ground.world.batch.fail_next("create_job", KeyError("oops"), times=4)
    ground.drop(RANGE)
    for _ in range(4):
        ground.world.clock.advance(timedelta(minutes=4))
        ground.tick()
    assert ground.status()["waiting"] == []
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_a_secret_that_may_not_be_read_fails_the_job_by_name() -> None:
    """SECRET_DENIED is fatal: no later pass can mend it."""
    ground = Ground()
    ground.world.secrets.fail_next("get", Refused("SECRET_DENIED", 403, "secret task-password may not be read"))
    ground.drop(RANGE.replace('demo:1"', 'demo:1", secrets: {PASSWORD: task-password}'))
    assert ground.status()["failure"]["code"] == "SECRET_DENIED"
    ground.settle(number)
    assert ground.left() == []


@pytest.mark.parametrize(
    ("gone", "code"), [("job", "JOB_LOST"), ("pool", "POOL_LOST"), ("container", "CONTAINER_LOST")]
)
def test_what_was_deleted_behind_our_back_is_named_and_not_made_again(gone: str, code: str) -> None:
    """The job fails by that name; nothing is left."""
    ground = Ground()
    ground.drop(RANGE)
    job = only_job(ground)
    match gone:
        case "job":
            ground.world.batch.delete_job(job)
        case "pool":
            ground.world.batch.delete_pool(job)
        case _:
            ground.world.work.delete_container(f"{job}-output")
    ground.world.clock.advance(timedelta(minutes=5))
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", code)
    assert ground.left() == []


def test_a_manifest_deleted_under_way_is_no_cancel() -> None:
    """The plan is frozen: later passes read only what was kept."""
    ground = Ground()
    ground.put("data/big.txt", "a\nb\nc\n")
    ground.drop(LINES)
    ground.world.control.delete("jobs", "job.yaml")
    ground.settle(copy)
    assert ground.status()["state"] == "succeeded"


def test_the_reaper_deletes_what_no_record_knows_and_nothing_foreign() -> None:
    """Ours without a record after half an hour; never what lacks our metadata, nor another owner's."""
    ground = Ground()
    work, now = ground.world.work, ground.world.clock.now()
    ours = {OWNER_KEY: ground.deployment.owner, JOB_KEY: "bd-lost-0123456789ab"}
    work.create_container("bd-lost-0123456789ab-input", ours)
    work.create_container("bd-foreign-0123456789ab-input", ours | {OWNER_KEY: "f" * 16})
    work.create_container("bd-mine", {})
    assert reap(ground.world.ports, ground.deployment) == []
    ground.world.clock.advance(timedelta(minutes=31))
    assert reap(ground.world.ports, ground.deployment) == ["container bd-lost-0123456789ab-input"]
    assert now < ground.world.clock.now()
    assert sorted(item.name for item in work.list_containers("bd-")) == ["bd-foreign-0123456789ab-input", "bd-mine"]


def test_results_go_after_their_retention_and_a_published_result_stays() -> None:
    """retention.results counts for results/<job id>/ only."""
    ground = Ground()
    ground.drop(RANGE + "merge: {by: concat, to: data/mine.txt}\n")
    ground.settle(number)
    job = ground.status()["jobId"]
    ground.world.clock.advance(timedelta(days=91))
    reap(ground.world.ports, ground.deployment)
    assert ground.world.work.head("results", f"{job}/result.json") is None
    assert ground.blob("data/mine.txt") == b"0\n1\n2\n3\n4\n"


def budget(ports: Ports) -> Budget:
    return Budget(ports.clock.now() + timedelta(minutes=1), long=True)


def test_http_reads_submits_and_cancels_by_the_same_writes() -> None:
    """POST a manifest, GET its job, POST a cancel: all through the drop box."""
    ground = Ground()
    ports = ground.world.ports
    status, body = api.submit("team/a.yaml", RANGE.encode(), ports)
    assert (status, body["manifest"]) == (202, "jobs/team/a.yaml")
    ground.sweep()
    _, listed = api.list_jobs(ports)
    (job,) = [entry["jobId"] for entry in listed["jobs"]]
    assert api.read_job(job, ports)[1]["state"] in ("accepted", "running")
    assert api.read_result(job, ports)[0] == 404
    ground.world.clock.advance(timedelta(seconds=2))
    assert api.cancel(job, ports)[0] == 202
    ground.sweep()
    ground.settle(number)
    assert api.read_result(job, ports)[1]["state"] == "cancelled"


@pytest.mark.parametrize(
    "path", ["", "../x.yaml", "/x.yaml", "a//b.yaml", "a/./b.yaml", "x.txt", "a\\b.yaml", "_x.yaml"]
)
def test_http_refuses_paths_that_are_no_manifest(path: str) -> None:
    """400 with the fix; nothing is written."""
    ground = Ground()
    assert api.submit(path, b"version: 1", ground.world.ports)[0] == 400
    assert list(ground.world.control.list("jobs")) == []


@pytest.mark.parametrize("job", ["nope", "bd-x", "../records/x", "bd-job-0123456789ab"])
def test_http_knows_no_such_job(job: str) -> None:
    """404, whatever the name."""
    ground = Ground()
    assert api.read_job(job, ground.world.ports)[0] == 404
    assert api.cancel(job, ground.world.ports)[0] == 404
    assert api.part("GET", job, "result", ground.world.ports)[0] == 404
    assert api.part("DELETE", job, "x", ground.world.ports)[0] == 404


def test_a_pass_that_loses_a_race_goes_on_where_it_holds_the_lock() -> None:
    """The same bytes dropped while tasks are added: the record moves on under the pass, and nothing waits for it."""
    ground = Ground()
    whole = ground.world

    def the_same_again() -> None:
        ours, ground.world = ground.world, whole
        ground.drop(RANGE)
        ground.world = ours

    ports = replace(whole.ports, batch=Interrupting(whole.batch, "add_tasks", the_same_again))
    ground.world = replace(whole, ports=ports)
    ground.drop(RANGE)
    ground.world = whole
    loaded = store.load(whole.control, only_job(ground))
    assert loaded is not None
    assert (loaded.record.added, len(loaded.record.deliveries)) == (5, 1)
    assert loaded.record.next_look - whole.clock.now() < timedelta(minutes=1)
