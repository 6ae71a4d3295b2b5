"""A task that holds its job's rights writes what no upload would: its own job may suffer, nothing else does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from controller.steps.reports import LONGEST_REPORT
from shared.names import JOBS, output_container
from shared.ports import BlobItem
from tests.fakes.blobs import MemoryBlobs, _Stored
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import BLOBS, RANGE, copy, number

WRONG_NAMES = [
    "t-000000/../../data/mine.txt",
    "t-000001/..",
    "t-000001/./x",
    "t-x/y",
    "t-/y",
    "t-1/y",
    "t-99999999999999999999/y",
    "t-000001",
    "t-\u0661/y",
    "_reported/../../x.jsonl",
    "_reported/t-zzz.jsonl",
    "_reported/t-000099.jsonl",
]


def forge(blobs: MemoryBlobs, container: str, name: str, content: bytes = b"forged") -> None:
    """A blob under a name that a service may hold and no client of ours can say."""
    there = BlobItem(name, len(content), "0xF", blobs._clock.now().replace(microsecond=0))
    blobs._containers[container].blobs[name] = _Stored(there, content, "text/html")


@pytest.mark.parametrize("merge", ["concat", "files", "zip"])
def test_names_that_are_no_files_count_for_nothing(merge: str) -> None:
    """Forged outputs and reports are neither merged nor copied anywhere; the job ends as if they were not there."""
    ground = Ground()
    ground.put("data/mine.txt", "mine")
    ground.drop(RANGE + f"merge: {{by: {merge}}}\noutput: {{name: 'n{{index}}'}}\n")
    ground.round(number, most=2)
    job = ground.status()["jobId"]
    for name in WRONG_NAMES:
        forge(ground.world.work, output_container(job), name)
    ground.settle(number)
    status = ground.status()
    assert (status["state"], status["units"]["merged"]) == ("succeeded", 5), status["failure"]
    assert ground.blob("data/mine.txt") == b"mine"
    names = [item.name for item in ground.world.work.list("results")]
    assert not [name for name in names if ".." in name or not name.startswith(f"{job}/")]


def test_a_report_without_end_is_not_read() -> None:
    """A task that writes gigabytes into its report has failed; the controller's memory is its own."""

    def floods(container: Container) -> None:
        number(container)
        if container.args[0] == "1":
            container.files[container.env["BATCHDROP_FAILED_PATH"]] = b" " * (LONGEST_REPORT + 1)

    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 1}\n")
    for _ in range(12):
        ground.round(floods)
    status = ground.status()
    assert (status["state"], status["units"]["failed"]) == ("succeeded", 1)
    (line,) = ground.blob(status["links"]["failed"]).splitlines()
    assert (json.loads(line)["reason"], str(LONGEST_REPORT) in json.loads(line)["message"]) == ("REPORTED", True)


def test_a_report_that_shouts_is_told_briefly() -> None:
    """What a task writes into its report is cut where it is repeated."""

    def shouts(container: Container) -> None:
        number(container)
        container.report({"unit": "x" * 1_000_000})

    ground = Ground()
    ground.drop(RANGE)
    for _ in range(12):
        ground.round(shouts)
    assert len(json.dumps(ground.status())) < 10_000


@pytest.mark.parametrize("name", ["in/../../../jobs/x.txt", "in/./b.txt"])
def test_a_source_whose_name_leads_elsewhere_is_refused(name: str) -> None:
    """A blob among the inputs that no address can say: the job fails by its name, before any task."""
    ground = Ground()
    ground.put("data/in/a.txt", "a")
    forge(ground.world.work, "data", name)
    ground.drop(BLOBS.replace("data/in/*.txt", "data/in/**"))
    for _ in range(8):
        ground.round(copy)
    failure = ground.status()["failure"]
    assert (failure["code"], name in failure["message"]) == ("SPLIT", True)


def test_reference_data_lands_nowhere_else() -> None:
    """On the node reference data is written by an administrator: a name with steps never gets there."""
    ground = Ground()
    ground.put("reference/db/a", "a")
    forge(ground.world.work, "reference", "db/../../../../etc/cron.d/x")
    ground.drop(RANGE + "reference: [{name: db, from: reference/db/}]\n")
    for _ in range(8):
        ground.round(number)
    assert ground.status()["failure"]["code"] == "SPLIT"
    assert ground.world.batch.jobs == {}


def test_a_drop_whose_name_leads_elsewhere_is_ignored() -> None:
    """The sweep goes on to the next; nothing is written for it."""
    ground = Ground()
    forge(ground.world.control, JOBS, "a/../../results/x.yaml", RANGE.encode())
    forge(ground.world.control, JOBS, "../jobs/x.yaml.cancel")
    ground.drop(RANGE, "good.yaml", announce=0)
    ground.sweep()
    ground.event("a/../../results/x.yaml")
    ground.settle(number)
    assert ground.status("good.yaml")["state"] == "succeeded"
    assert [item.name for item in ground.world.control.list("status")] == ["good.yaml.json"]


def test_forging_is_what_it_says() -> None:
    """The forged blob is listed, and cannot be read by its name."""
    ground = Ground()
    forge(ground.world.work, "data", "a/../b")
    (item,) = ground.world.work.list("data", "a/")
    assert replace(item, md5=None).name == "a/../b"
