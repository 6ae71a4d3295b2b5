"""Dropping: twice, late, lost, wrong, cancelled. What storage shows afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import LINES, RANGE, copy, number

BAD = """version: 1
container: {command: tail}
colour: blue
input:
  blob: data/x.txt
  items: [1]
"""


@pytest.mark.parametrize("path", ["a.yaml", "team/a.yml", "deep/er/a.json", "with space.yaml", "ünïcode.yaml"])
def test_any_manifest_name_in_any_folder_is_taken(path: str) -> None:
    """.yaml, .yml and .json (a JSON document), wherever they lie."""
    ground = Ground()
    document = '{"version": 1, "container": {"image": "localhost/demo:1"}, "input": {"items": [1]}}'
    ground.drop(document, path)
    ground.settle(copy)
    assert ground.status(path)["state"] == "succeeded"


def test_the_same_event_three_times_is_one_job() -> None:
    """Redelivered events change nothing."""
    ground = Ground()
    ground.drop(RANGE, announce=3)
    assert len(ground.open_jobs()) == 1
    ground.settle(number)
    ground.event()
    assert ground.open_jobs() == []
    assert ground.left() == []


def test_the_same_bytes_while_open_are_the_same_job() -> None:
    """A second upload of the same bytes is counted as redelivered; its status carries the new ETag."""
    ground = Ground()
    ground.drop(RANGE)
    first = ground.status()
    ground.drop(RANGE)
    second = ground.status()
    assert second["jobId"] == first["jobId"]
    assert second["manifest"]["redelivered"] == 1
    assert len(ground.open_jobs()) == 1
    item = ground.world.control.head("status", "job.yaml.json")
    manifest = ground.world.control.head("jobs", "job.yaml")
    assert item is not None
    assert manifest is not None
    assert item.metadata["manifest_etag"] == manifest.etag
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_the_same_bytes_after_the_end_are_a_new_job() -> None:
    """An ended job frees its bytes."""
    ground = Ground()
    ground.drop(RANGE)
    ground.settle(number)
    first = ground.status()["jobId"]
    ground.drop(RANGE)
    ground.settle(number)
    assert ground.status()["jobId"] != first
    assert ground.status()["state"] == "succeeded"


def test_other_bytes_are_a_second_job_at_once() -> None:
    """The older one runs on; the newer one owns the status and names what it replaces."""
    ground = Ground()
    ground.drop(RANGE)
    first = ground.status()["jobId"]
    ground.drop(RANGE + "labels: {a: b}\n")
    second = ground.status()
    assert (second["jobId"] != first, second["manifest"]["replaces"]) == (True, first)
    assert len(ground.open_jobs()) == 2
    ground.settle(number)
    assert ground.status()["jobId"] == second["jobId"]
    assert ground.result(first)["state"] == "succeeded"


def test_on_replace_cancel_ends_the_older_job() -> None:
    """onReplace: cancel."""
    ground = Ground()
    ground.drop(RANGE)
    first = ground.status()["jobId"]
    ground.drop(RANGE + "onReplace: cancel\n")
    ground.settle(number)
    assert ground.result(first)["state"] == "cancelled"
    assert ground.status()["state"] == "succeeded"


def test_a_broken_version_in_between_does_not_hide_the_older_job() -> None:
    """Its status names no job; the next good version still finds the one that runs, and replaces or cancels it."""
    ground = Ground()
    ground.drop(RANGE)
    first = ground.status()["jobId"]
    ground.drop("version: 2\n")
    assert ground.status()["state"] == "rejected"
    ground.world.clock.advance(timedelta(seconds=1))
    ground.drop(RANGE + "labels: {a: b}\n")
    second = ground.status()
    assert second["manifest"]["replaces"] == first
    ground.drop("version: 2\n")
    ground.world.clock.advance(timedelta(seconds=1))
    ground.drop(RANGE + "onReplace: cancel\n")
    assert ground.status()["manifest"]["replaces"] == second["jobId"]
    ground.settle(number)
    assert [ground.result(job)["state"] for job in (first, second["jobId"])] == ["cancelled", "cancelled"]
    assert ground.status()["state"] == "succeeded"


def test_on_replace_cancel_leaves_other_paths_and_ended_jobs_alone() -> None:
    """Only what is open under the same path is cancelled."""
    ground = Ground()
    ground.drop(RANGE + "retention: {complete: P1D}\n")
    ended = ground.status()["jobId"]
    for _ in range(10):
        ground.round(number)
    assert ground.status()["final"]
    ground.drop(RANGE, "other.yaml")
    ground.drop(RANGE + "onReplace: cancel\n")
    assert ground.status()["manifest"]["replaces"] is None
    ground.settle(number)
    assert ground.status("other.yaml")["state"] == "succeeded"
    assert ground.result(ended)["state"] == "succeeded"
    assert ground.status()["state"] == "succeeded"


def test_a_head_of_either_status_tells_how_it_stands() -> None:
    """state, final and complete as metadata, of the path's status and of the job's own."""
    ground = Ground()
    ground.drop(RANGE)
    job = ground.status()["jobId"]
    ground.settle(number)
    both = (ground.world.control, "status", "job.yaml.json"), (ground.world.work, "results", f"{job}/status.json")
    for blobs, container, name in both:
        item = blobs.head(container, name)
        assert item is not None
        told = {key: item.metadata[key] for key in ("job", "state", "final", "complete")}
        assert told == {"job": job, "state": "succeeded", "final": "true", "complete": "true"}


def test_an_idempotency_key_is_held_after_success() -> None:
    """Same key and bytes: the same job, even after it ended; other bytes: rejected, naming the first."""
    ground = Ground()
    keyed = RANGE + "idempotencyKey: night-1\n"
    ground.drop(keyed)
    ground.settle(number)
    first = ground.status()["jobId"]
    ground.drop(keyed, "again.yaml")
    assert ground.status("again.yaml")["jobId"] == first
    ground.drop(keyed + "labels: {a: b}\n", "other.yaml")
    rejected = ground.status("other.yaml")
    assert rejected["state"] == "rejected"
    assert first in rejected["problems"][0]["message"]
    ground.world.clock.advance(timedelta(days=31))
    ground.drop(keyed, "later.yaml")
    assert ground.status("later.yaml")["jobId"] != first


def test_a_rejected_manifest_frees_its_key_at_once() -> None:
    """The result's name was taken: once it is free the same bytes, dropped right away, are a job."""
    ground = Ground()
    keyed = RANGE + "idempotencyKey: night-1\nmerge: {to: data/out.txt}\n"
    ground.put("data/out.txt", "in the way")
    ground.drop(keyed)
    assert ground.status()["problems"][0]["rule"] == "exists"
    ground.world.work.delete("data", "out.txt")
    ground.drop(keyed, "again.yaml")
    ground.settle(number)
    assert ground.status("again.yaml")["state"] == "succeeded"


def test_a_failed_job_frees_its_key() -> None:
    """After failure the same key and bytes run again."""
    ground = Ground()
    keyed = RANGE + "idempotencyKey: night-1\n"
    ground.drop(keyed)
    ground.settle(lambda c: 1)
    first = ground.status()["jobId"]
    ground.drop(keyed)
    assert ground.status()["jobId"] != first


def test_a_manifest_whose_every_event_was_lost_is_found() -> None:
    """The listing is the truth."""
    ground = Ground()
    ground.drop(RANGE, announce=0)
    ground.sweep()
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_a_bad_manifest_gets_one_answer_with_every_problem_and_no_resource() -> None:
    """Wrong type, unknown field, missing image, two sources: four problems, each with path, line, rule and fix."""
    ground = Ground()
    ground.drop(BAD)
    status = ground.status()
    assert (status["state"], status["final"], status["jobId"]) == ("rejected", True, None)
    found = {(p["path"], p["line"], p["rule"]) for p in status["problems"]}
    assert {("container.command", 2), ("colour", 3), ("container.image", 2), ("input", 4)} <= {f[:2] for f in found}
    assert all(p["message"] and p["fix"] for p in status["problems"])
    assert ground.open_jobs() == []
    assert ground.left() == []


def test_what_is_no_manifest_is_told_so() -> None:
    """A stray .txt is rejected as notAManifest; hidden names are left alone."""
    ground = Ground()
    ground.drop("hello", "readme.txt")
    assert ground.status("readme.txt")["problems"][0]["rule"] == "notAManifest"
    ground.drop("hello", "README.YAML")
    assert "lower case" in ground.status("README.YAML")["problems"][0]["fix"]
    folders = ("data/_SUCCESS", ".git/config", "_temporary/0/part-00000.txt", "_drafts/job.yaml")
    for hidden in ("_drafts.yaml", *folders, "x" * 1015 + ".yaml"):
        ground.drop("hello", hidden)
        assert ground.world.control.head("status", f"{hidden}.json") is None


def test_an_empty_blob_is_waited_for_then_rejected_by_the_listing() -> None:
    """Two minutes of patience for a slow upload."""
    ground = Ground()
    ground.drop("")
    ground.sweep()
    assert ground.world.control.head("status", "job.yaml.json") is None
    ground.world.clock.advance(timedelta(minutes=2))
    ground.sweep()
    assert ground.status()["state"] == "rejected"


def test_a_manifest_over_1_mib_is_rejected_with_the_fix() -> None:
    """Too large a file is not even read."""
    ground = Ground()
    ground.drop(RANGE + "#" * 2**20)
    problem = ground.status()["problems"][0]
    assert (problem["rule"], "blob" in problem["fix"]) == ("size", True)


def test_a_manifest_may_come_before_its_data() -> None:
    """It waits INPUT_MISSING without a pool, and starts by itself."""
    ground = Ground()
    ground.drop(LINES)
    waiting = ground.status()
    assert (waiting["state"], waiting["waiting"][0]["code"]) == ("waiting", "INPUT_MISSING")
    assert ground.world.batch.pools == {}
    ground.put("data/big.txt", "a\nb\n")
    ground.settle(copy)
    assert ground.status()["state"] == "succeeded"


def test_a_dry_run_makes_nothing_and_tells_the_plan() -> None:
    """No record, no result, no job id; the numbers of the plan."""
    ground = Ground()
    ground.put("data/big.txt", "a\nb\n")
    ground.drop(RANGE + "dryRun: true\n")
    status = ground.status()
    assert (status["state"], status["final"], status["complete"], status["jobId"]) == ("accepted", True, None, None)
    assert status["plan"]["tasks"] == 5
    assert status["plan"]["units"] == 5
    assert ground.open_jobs() == []


def test_a_taken_result_name_is_refused_at_accept() -> None:
    """merge.to exists and may not be replaced: rejected before a job id exists."""
    ground = Ground()
    ground.put("data/out.txt", "mine")
    ground.drop(RANGE + "merge: {by: concat, to: data/out.txt}\n")
    problem = ground.status()["problems"][0]
    assert (problem["path"], problem["rule"]) == ("merge.to", "exists")


def cancel(ground: Ground, path: str = "job.yaml") -> None:
    ground.world.clock.advance(timedelta(seconds=1))
    ground.drop("", f"{path}.cancel")


@pytest.mark.parametrize("phase", ["before input", "running", "one ended"])
def test_a_cancel_ends_the_job_at_any_phase_and_leaves_nothing(phase: str) -> None:
    """Dropping <manifest>.cancel: state cancelled, nothing left."""
    ground = Ground()
    if phase == "before input":
        ground.drop(LINES)
    else:
        ground.drop(RANGE)
        ground.tick()
    if phase == "one ended":
        ground.run_tasks(number, 1)
        ground.tick()
    cancel(ground)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("cancelled", "CANCELLED")
    assert ground.left() == []
    units = status["units"]
    assert units["total"] == sum(units[k] for k in ("merged", "pending", "failed", "skipped", "notRun"))
    assert units["merged"] == 0


def test_a_cancel_after_the_verdict_is_too_late_and_says_so() -> None:
    """The job goes on to its result, with a warning."""
    ground = Ground()
    ground.drop(RANGE)
    ground.run_tasks(number)
    ground.world.batch.fail_next("terminate_job", _busy())
    ground.world.clock.advance(timedelta(seconds=5))
    ground.tick()
    ground.deliver()
    cancel(ground)
    ground.settle(number)
    status = ground.status()
    assert status["state"] == "succeeded"
    assert "CANCEL_TOO_LATE" in [w["code"] for w in status["warnings"]]


def _busy() -> Exception:
    from shared.errors import Transient

    return Transient("busy")


@pytest.mark.parametrize("announced", [1, 0])
def test_a_cancel_of_any_path_that_a_job_was_dropped_under_ends_it(announced: int) -> None:
    """The same idempotencyKey under a second path is the same job, and that path's cancel means it too, by event or by
    the listing; one that is older than the second drop does not."""
    ground = Ground()
    ground.drop("", "b.yaml.cancel")
    ground.world.clock.advance(timedelta(seconds=5))
    ground.drop(RANGE + "idempotencyKey: night\n", "a.yaml")
    ground.drop(RANGE + "idempotencyKey: night\n", "b.yaml")
    assert ground.status("b.yaml")["jobId"] == ground.status("a.yaml")["jobId"]
    ground.sweep()
    assert ground.status("b.yaml")["state"] == "accepted"
    ground.world.clock.advance(timedelta(seconds=5))
    ground.drop("", "b.yaml.cancel", announce=announced)
    ground.sweep()
    ground.settle(number)
    assert (ground.status("a.yaml")["state"], ground.status("b.yaml")["state"]) == ("cancelled", "cancelled")
    assert ground.result(ground.status("a.yaml")["jobId"])["state"] == "cancelled"


def test_a_cancel_of_an_older_path_leaves_newer_versions_alone() -> None:
    """Only jobs whose manifest is not newer than the cancel are meant."""
    ground = Ground()
    cancel(ground)
    ground.world.clock.advance(timedelta(seconds=5))
    ground.drop(RANGE)
    ground.sweep()
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_quota_lets_the_oldest_go_first() -> None:
    """With room for one pool, jobs run one after the other by age, and say their place."""
    ground = Ground()
    ground.world.batch.pool_quota = 1
    for index in range(3):
        ground.drop(RANGE + f"labels: {{n: '{index}'}}\n", f"{index}.yaml")
        ground.world.clock.advance(timedelta(seconds=1))
    ground.tick()
    second = ground.status("1.yaml")
    assert (second["state"], second["waiting"][0]["code"]) == ("waiting", "QUOTA_FULL")
    ground.settle(number)
    ends = [ground.result(ground.status(f"{index}.yaml")["jobId"])["times"]["final"] for index in range(3)]
    assert ends == sorted(ends)
    assert ground.left() == []


def test_a_paused_deployment_waits_and_says_so() -> None:
    """policy paused: nothing starts."""
    ground = Ground()
    ground.policy = ground.policy.model_copy(update={"paused": True})
    ground.drop(RANGE)
    assert ground.status()["waiting"][0]["code"] == "PAUSED"
    assert ground.world.batch.pools == {}
    ground.policy = ground.policy.model_copy(update={"paused": False})
    ground.settle(number)
    assert ground.status()["state"] == "succeeded"


def test_an_input_that_changes_while_it_is_read_fails_the_job() -> None:
    """INPUT_CHANGED names the source."""
    ground = Ground()
    ground.put("data/big.txt", "a\n" * 10)
    real = ground.world.work.stream

    def changed(container: Container | str, name: str, **how: object) -> object:
        if name == "big.txt":
            ground.put("data/big.txt", "b\n")
        return real(container, name, **how)  # type: ignore[arg-type]

    ground.world.work.stream = changed  # type: ignore[method-assign, assignment]
    ground.drop(LINES)
    assert ground.status()["failure"]["code"] == "INPUT_CHANGED"
    ground.settle(copy)
    assert ground.left() == []
