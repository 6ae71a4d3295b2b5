"""What the demo looks at: it must notice when something does not hold."""

import hashlib
from typing import Any

import pytest

from local.demo.findings import Finding, Remains, of_cancel, of_remains, of_result, of_success
from local.demo.status import Status

SIZE = 1000
JOB = "bd-wordcount-0123456789ab"
NOTHING = Remains((), (), ())


def status(**changed: Any) -> Status:
    """The last status of a job that went well, but for what is changed."""
    document: dict[str, Any] = {
        "state": "succeeded",
        "final": True,
        "complete": True,
        "jobId": JOB,
        "tasks": {"total": 2, "pending": 0, "running": 0, "succeeded": 2, "failed": 0, "skipped": 0, "notRun": 0},
        "units": {"kind": "bytes", "total": SIZE, "merged": SIZE, "pending": 0, "failed": 0, "skipped": 0, "notRun": 0},
        "nodes": {"pool": None, "running": 0, "starting": 0, "target": 0},
        "waiting": [],
        "problems": [],
        "failure": None,
        "cleanup": {"state": "done", "remaining": []},
        "times": {"cleaned": "2026-11-22T10:26:05Z"},
        "links": {"result": f"results/{JOB}/wordcount.csv"},
    }
    return Status.read(document | changed)


def units(**counts: int) -> dict[str, Any]:
    zero = dict.fromkeys(("merged", "pending", "failed", "skipped", "notRun"), 0)
    return {"kind": "bytes", "total": SIZE, **zero, **counts}


def broken(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if not finding.holds]


def test_a_good_job_has_nothing_to_find() -> None:
    """A job that merged every byte, gave the right result and left nothing passes."""
    result = {"hash": {"kind": "sha256", "value": hashlib.sha256(b"word,count\n").hexdigest()}}
    findings = [
        *of_success(status(), SIZE),
        *of_result(b"word,count\n", b"word,count\n", result),
        *of_remains(JOB, NOTHING, status()),
    ]
    assert len(findings) >= 6
    assert broken(findings) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "failed"},
        {"complete": False},
        {"units": units(merged=SIZE - 1, failed=1)},
        {"units": units(merged=SIZE, pending=1)},
        {"units": {**units(merged=SIZE + 1), "total": SIZE + 1}},
        {"units": None},
    ],
)
def test_a_job_that_is_not_whole_is_noticed(changed: dict[str, Any]) -> None:
    """Anything but every byte merged once, in a complete and succeeded job, does not pass."""
    assert broken(list(of_success(status(**changed), SIZE)))


def test_a_wrong_result_is_noticed_with_its_line() -> None:
    """The first line that differs from the single run is named, a missing last line included."""
    right, wrong = b"word,count\na,1\nb,2\n", b"word,count\na,1\nb,3\n"
    result = {"hash": {"kind": "sha256", "value": hashlib.sha256(wrong).hexdigest()}}
    assert "line 3" in broken(list(of_result(wrong, right, result)))[0]
    assert broken(list(of_result(right[:-4], right, result)))


def test_a_wrong_hash_is_noticed() -> None:
    """A result.json whose hash is not that of the result does not pass."""
    assert broken(list(of_result(b"a", b"a", {"hash": {"kind": "sha256", "value": "00"}})))
    assert broken(list(of_result(b"a", b"a", {"hash": None})))


@pytest.mark.parametrize(
    "remains",
    [Remains([f"{JOB}-input"], (), ()), Remains((), [JOB], ()), Remains((), (), [JOB])],
)
def test_leftovers_are_noticed(remains: Remains) -> None:
    """A container, a Batch job or a pool of the job that is still listed does not pass."""
    assert len(broken(list(of_remains(JOB, remains, status())))) == 1


def test_others_things_are_none_of_its_business() -> None:
    """What does not belong to the job may stay."""
    others = Remains(["data", "results", "bd-other-0123456789ab-input"], ["nightly"], ["shared"])
    assert broken(list(of_remains(JOB, others, status()))) == []


def test_kept_containers_need_their_date() -> None:
    """After a cancel, containers may stay if the status says until when, and only then."""
    container = f"{JOB}-output"
    kept = {"kind": "container", "id": container, "until": "2026-11-25T10:20:44Z"}
    dated = status(cleanup={"state": "retained", "remaining": [kept]})
    undated = status(cleanup={"state": "retained", "remaining": [kept | {"until": None}]})
    assert broken(list(of_remains(JOB, Remains([container], (), ()), dated))) == []
    assert broken(list(of_remains(JOB, Remains([container], (), ()), undated)))


def test_a_cancel_that_merged_is_noticed() -> None:
    """A cancelled job merges nothing and has no result."""
    cancelled = {"state": "cancelled", "complete": False, "links": {"result": None}}
    assert broken(list(of_cancel(status(**cancelled, units=units(pending=400, notRun=600))))) == []
    assert broken(list(of_cancel(status(**cancelled, units=units(merged=SIZE)))))
    assert broken(list(of_cancel(status())))
