"""Both ways of staging: the same program, the same paths, the same bytes; and what a dying attempt leaves."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from shared.names import output_container
from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import ITEMS, LINES, RANGE, copy, number

MOUNT = "compute: {staging: mount}\n"
BLOBS = """
version: 1
container: {image: "localhost/demo:1"}
input: {blobs: "data/in/**"}
output: {name: "{path}.out"}
merge: {by: concat}
"""
LISTED = BLOBS + "split: {unitsPerTask: 2}\n"
PARTS = """
version: 1
container: {image: "localhost/demo:1"}
input: {blob: data/big.txt}
split: {by: container, container: {image: "localhost/splitter:1"}}
merge: {by: lines}
"""


def listed(container: Container) -> None:
    """Joins the blobs of its list file."""
    rows = [json.loads(line) for line in container.read().splitlines()]
    container.write(b"".join(container.files[row["path"]] for row in rows))


def parted(container: Container) -> None:
    """As splitter, cuts in two; as task, copies."""
    if "OUTPUT_PATH" in container.env:
        copy(container)
        return
    half = len(container.read()) // 2
    container.write(container.read()[:half] + b"\n", "a/1.txt")
    container.write(container.read()[half:] + b"\n", "a/2.txt")


def prepared() -> Ground:
    ground = Ground()
    ground.put("data/big.txt", "".join(f"{n}\n" for n in range(10)))
    for name in ("in/a.txt", "in/b/c.txt", "in/b/d e.txt"):
        ground.put(f"data/{name}", name + "\n")
    return ground


JOBS: dict[str, tuple[str, Callable[[Container], None]]] = {
    "range": (RANGE, number),
    "items": (ITEMS, copy),
    "lines": (LINES, copy),
    "blobs": (BLOBS, copy),
    "list file": (LISTED, listed),
    "parts": (PARTS, parted),
}


@pytest.mark.parametrize("job", JOBS)
def test_a_mounted_job_gives_the_same_bytes_as_a_transferred_one(job: str) -> None:
    """Each kind of input, by mounts and by transfer; nothing is left either way."""
    manifest, program = JOBS[job]
    results = []
    for staging in ("", MOUNT):
        ground = prepared()
        ground.drop(manifest + staging)
        ground.settle(program)
        status = ground.status()
        assert (status["state"], status["complete"]) == ("succeeded", True), status["failure"]
        assert ground.left() == []
        results.append(ground.blob(status["links"]["result"]))
    assert results[0] == results[1]


@pytest.mark.parametrize("staging", ["", MOUNT])
def test_paths_in_the_container_are_constants(staging: str) -> None:
    """The program is told the same paths, finds its output folder, and config beside it, whichever way."""
    ground, seen = prepared(), []

    def program(container: Container) -> None:
        paths = ("INPUT_PATH", "INPUT_DIR", "OUTPUT_DIR", "OUTPUT_PATH", "CONFIG_PATH", "BATCHDROP_FAILED_PATH")
        seen.append([container.env[name] for name in paths])
        assert json.loads(container.files[container.env["CONFIG_PATH"]]) == {"scale": 2}
        assert any(name.startswith("/batchdrop/output/") for name in container.files)
        copy(container)

    ground.drop(LINES + staging)
    ground.settle(program)
    folder = "/batchdrop"
    expected = ["input/input.txt", "input", "output", "output/out.txt", "config/config.json", "failed.jsonl"]
    assert seen == [[f"{folder}/{path}" for path in expected]] * 4


def test_mounted_blobs_keep_their_whole_names() -> None:
    """The container that holds them is there as a whole, below INPUT_DIR, and is only read."""
    ground, seen = prepared(), []

    def program(container: Container) -> None:
        seen.append(container.env["INPUT_PATH"])
        copy(container)

    ground.drop(BLOBS + MOUNT)
    ground.settle(program)
    assert seen == [f"/batchdrop/input/in/{name}" for name in ("a.txt", "b/c.txt", "b/d e.txt")]


def test_a_pool_mounts_what_its_tasks_need_and_no_more() -> None:
    """Outputs to be written; inputs, and the users' own container, to be read."""
    ground = prepared()
    mounts = {}
    for path, manifest in (("a.yaml", RANGE), ("b.yaml", LINES), ("c.yaml", BLOBS), ("d.yaml", LISTED)):
        ground.drop(manifest + MOUNT, path)
        ground.round(number, most=0)
        job = ground.status(path)["jobId"]
        found = ground.world.batch.pools[job].spec.mounts
        mounts[path] = [(each.container.removeprefix(job), each.read_only) for each in found]
    assert mounts == {
        "a.yaml": [("-output", False)],
        "b.yaml": [("-output", False), ("-input", True)],
        "c.yaml": [("-output", False), ("data", True)],
        "d.yaml": [("-output", False), ("-input", True), ("data", True)],
    }


@pytest.mark.parametrize("staging", ["", MOUNT])
def test_an_attempt_that_fails_after_writing_its_output_leaves_nothing_merged(staging: str) -> None:
    """Half an output, then a crash: the next attempt's is merged, once and alone."""
    ground, tries = Ground(), {"0": 0}

    def program(container: Container) -> int:
        first = container.args[0]
        tries[first] = tries.get(first, 0) + 1
        if first == "2" and tries[first] < 3:
            container.write(b"half of it, and more th")
            return 1
        container.write(first.encode() + b"\n")
        return 0

    ground.drop(RANGE + staging)
    ground.settle(program)
    status = ground.status()
    assert (status["state"], tries["2"]) == ("succeeded", 3)
    assert ground.blob(status["links"]["result"]) == b"0\n1\n2\n3\n4\n"


@pytest.mark.parametrize("staging", ["", MOUNT])
def test_an_output_that_is_there_does_not_make_a_failed_task_good(staging: str) -> None:
    """Every attempt breaks off in the middle of its upload: the task failed, and not a byte of it is merged."""
    ground = Ground()

    def program(container: Container) -> TaskEnd:
        first = container.args[0]
        container.write(first.encode() + b"\n")
        if first == "2":
            target = output_container(ground.status()["jobId"])
            ground.world.work.put(target, "t-000002/output", b"half")
            return TaskEnd(0, "servererror", "FileUploadMiscError", "the node was lost while it uploaded")
        return TaskEnd()

    ground.drop(RANGE + staging + "failure: {tolerated: 1}\nretention: {otherwise: PT0S}\n")
    ground.settle(program)
    status = ground.status()
    assert (status["state"], status["units"]["failed"], status["units"]["merged"]) == ("succeeded", 1, 4)
    assert ground.blob(status["links"]["result"]) == b"0\n1\n3\n4\n"


def test_a_folder_that_a_program_made_on_a_mount_is_no_output() -> None:
    """The mark that a mount keeps for a folder is passed over when outputs are listed."""
    ground = Ground()

    def program(container: Container) -> None:
        target = output_container(ground.status()["jobId"])
        task = container.env["BATCHDROP_TASK_ID"]
        ground.world.work.put(target, f"{task}/scratch", b"", metadata={"hdi_isfolder": "true"})
        container.write(container.args[0].encode() + b"\n", "any-name.txt")

    ground.drop(RANGE + MOUNT)
    ground.settle(program)
    status = ground.status()
    assert status["state"] == "succeeded", status["failure"]
    assert ground.blob(status["links"]["result"]) == b"0\n1\n2\n3\n4\n"


def test_reported_units_are_counted_on_a_mount_too() -> None:
    """BATCHDROP_FAILED_PATH goes where the verdict reads it."""
    ground = prepared()

    def program(container: Container) -> None:
        copy(container)
        if container.env["BATCHDROP_TASK_INDEX"] == "1":
            container.report({"unit": 0, "error": "bad line"})

    ground.drop(LINES + MOUNT + "failure: {tolerated: 1}\n")
    ground.settle(program)
    status = ground.status()
    assert (status["state"], status["units"]["failed"], status["units"]["merged"]) == ("succeeded", 1, 9)


def test_a_mounted_job_is_retried_on_mounts() -> None:
    """What ran well is taken from the first job's container; its list files are read again as they are."""
    ground, broken = prepared(), {"on": True}

    def program(container: Container) -> int:
        if broken["on"] and container.env["BATCHDROP_TASK_INDEX"] == "1":
            return 1
        listed(container)
        return 0

    ground.drop(LISTED + MOUNT + "failure: {tolerated: 2}\nlimits: {maxTaskRetryCount: 0}\n", "one.yaml")
    for _ in range(40):
        ground.round(program)
    first = ground.status("one.yaml")
    assert (first["state"], first["units"]["failed"]) == ("succeeded", 1)
    broken["on"] = False
    ground.drop(ground.blob(first["links"]["retry"]), "two.yaml")
    ground.settle(program)
    second = ground.status("two.yaml")
    assert (second["state"], second["complete"]) == ("succeeded", True)
    assert ground.blob(second["links"]["result"]) == b"in/a.txt\nin/b/c.txt\nin/b/d e.txt\n"


def test_a_blob_whose_name_no_file_can_have_is_refused_by_name() -> None:
    """On a mount its folders count, too."""
    ground = prepared()
    ground.put("data/in/x//y.txt", "x")
    ground.drop(BLOBS.replace("{path}", "{index}") + MOUNT)
    ground.settle(copy)
    failure = ground.status()["failure"]
    assert failure["code"] == "SPLIT"
    assert "in/x//y.txt" in failure["message"]


def test_tasks_of_a_mounted_job_transfer_neither_input_nor_output() -> None:
    """Only logs of failed tasks and reported units are uploaded, by condition."""
    ground = prepared()
    ground.drop(LISTED + MOUNT)
    ground.round(listed, most=0)
    (job,) = ground.open_jobs()
    tasks = [task.spec for task in ground.world.batch.jobs[job].tasks.values()]
    assert [task.resource_files for task in tasks] == [(), ()]
    assert {output.pattern for task in tasks for output in task.output_files} == {"../std*.txt", "failed.jsonl"}
