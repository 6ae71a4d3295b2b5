"""Whole jobs, from their tasks' outputs to the result: every way to merge, and what must not be merged."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import store
from shared.names import JobId
from shared.ports import BlobPort
from tests.loop.ground import Container, Ground, Program
from tests.loop.test_jobs import BLOBS, RANGE, number

CONCAT = RANGE.replace("stop: 5", "stop: 3")
LONG = 600_000


def long_number(container: Container) -> None:
    """A long output of its number."""
    container.write(container.args[0].encode() * LONG)


def ended(manifest: str, program: Program, ground: Ground | None = None) -> tuple[Ground, dict[str, Any]]:
    """The ground and result.json of a job that has come to its end."""
    ground = ground or Ground()
    ground.drop(manifest)
    ground.settle(program)
    return ground, ground.result(ground.status()["jobId"])


def test_a_big_concat_is_composed_in_storage() -> None:
    """No byte of the outputs is read; the hash is that of the parts, which anyone can make from the outputs."""
    ground, result = ended(CONCAT, long_number)
    whole = b"".join(digit * LONG for digit in (b"0", b"1", b"2"))
    assert ground.blob(result["result"]["path"]) == whole
    parts = [hashlib.md5(digit * LONG, usedforsecurity=False).hexdigest() for digit in (b"0", b"1", b"2")]
    lines = "".join(f"{index} {LONG} {md5}\n" for index, md5 in enumerate(parts))
    assert result["result"]["hash"] == {"kind": "parts", "value": hashlib.sha256(lines.encode()).hexdigest()}
    assert (result["result"]["bytes"], result["result"]["records"]) == (3 * LONG, None)
    assert (ground.world.work.calls["stage_from"], ground.world.work.calls["stream"]) == (3, 0)


def test_a_store_that_cannot_compose_gets_the_same_bytes() -> None:
    """They are streamed instead, and hashed on their way."""
    ground = Ground()
    ground.world.work.unsupported = True
    ground, result = ended(CONCAT, long_number, ground)
    whole = b"".join(digit * LONG for digit in (b"0", b"1", b"2"))
    assert ground.blob(result["result"]["path"]) == whole
    assert result["result"]["hash"] == {"kind": "sha256", "value": hashlib.sha256(whole).hexdigest()}


def test_composed_lines_have_the_count_that_the_verdict_made() -> None:
    """With recordsPerUnit each output was counted; nobody counts the result again."""
    manifest = RANGE.replace("stop: 5", "stop: 2") + "merge: {by: lines}\noutput: {recordsPerUnit: 1}\n"
    ground, result = ended(manifest, lambda c: c.write(c.args[0].encode() * (8 * 2**20)))
    assert (result["result"]["hash"]["kind"], result["result"]["records"]) == ("parts", 2)
    assert ground.blob(result["result"]["path"]).count(b"\n") == 2


def test_a_merge_takes_as_many_passes_as_it_needs() -> None:
    """1,500 outputs, 0.3 s a request, a minute a pass: it goes on where it was, and ends in the same bytes."""
    ground = Ground()
    ground.deployment = replace(ground.deployment, pass_time=timedelta(seconds=60))
    slow: Any = Slow(ground.world.work, ground)
    ground.world = replace(ground.world, ports=replace(ground.world.ports, work=slow))
    manifest = RANGE.replace("stop: 5", "stop: 1500")
    ground, result = ended(manifest, lambda c: c.write(f"{int(c.args[0]):08d}".encode() * 100), ground)
    assert ground.blob(result["result"]["path"]) == b"".join(b"%08d" % n * 100 for n in range(1500))
    assert 1500 <= slow.staged < 2500
    merging = [cursor for cursor in slow.cursors if cursor]
    assert len(set(merging)) >= 3
    assert merging == sorted(merging)


class Slow:
    """Storage where staging takes its time; and what the record says of the merge meanwhile."""

    def __init__(self, inner: BlobPort, ground: Ground) -> None:
        self._inner, self._ground = inner, ground
        self.staged, self.cursors = 0, list[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def stage_from(self, *args: Any) -> None:
        self.staged += 1
        if self.staged % 100 == 0:
            self._ground.world.clock.advance(timedelta(seconds=20))
            (job,) = self._ground.open_jobs()
            loaded = store.load(self._ground.world.control, JobId(job))
            assert loaded is not None
            self.cursors.append(loaded.record.merging.rows)
        self._inner.stage_from(*args)


def test_all_files_come_in_one_archive() -> None:
    """merge.by zip: every file a task leaves, with its task's folder; the result ends with .zip."""

    def program(container: Container) -> None:
        number(container)
        container.write(b"log", "more/run.log")

    ground, result = ended(CONCAT + "merge: {by: zip}\n", program)
    assert result["result"]["path"].endswith("/job.zip")
    archive = zipfile.ZipFile(io.BytesIO(ground.blob(result["result"]["path"])))
    names = [f"t-{index:06d}/{name}" for index in range(3) for name in ("more/run.log", "output")]
    assert archive.namelist() == names
    assert archive.read("t-000001/output") == b"1\n"
    assert (result["result"]["mergedBy"], result["result"]["records"]) == ("zip", None)


def test_files_come_with_an_index() -> None:
    """result.json says where it is; it says where each file is."""
    ground = Ground()
    for name in ("b", "a"):
        ground.put(f"data/in/{name}.txt", name)
    ground, result = ended(BLOBS, lambda c: c.write(c.read()), ground)
    rows = [json.loads(line) for line in ground.blob(result["result"]["index"]).splitlines()]
    assert [(row["path"].rpartition("/")[2], row["task"], row["bytes"]) for row in rows] == [
        ("a.out", "t-000000", 1),
        ("b.out", "t-000001", 1),
    ]
    assert [ground.blob(row["path"]) for row in rows] == [b"a", b"b"]


# ---------------------------------------------------------------------------------- what is not merged


def failures(ground: Ground) -> list[tuple[str, str]]:
    rows = ground.blob(ground.status()["links"]["failed"]).splitlines()
    return [(row["task"], row["reason"]) for row in map(json.loads, rows)]


def test_two_files_where_one_counts_fail_by_name() -> None:
    """A task that left two, none of them at OUTPUT_PATH: which one counts is not guessed."""

    def program(container: Container) -> None:
        if container.args[0] == "1":
            container.write(b"a", "a.txt")
            container.write(b"b", "b.txt")
        else:
            number(container)

    ground, result = ended(RANGE, program)
    assert (result["state"], result["result"], failures(ground)) == ("failed", None, [("t-000001", "MISSING_OUTPUT")])
    assert "left 2 files" in result["failures"][0]["message"]


def test_two_tasks_that_leave_one_name_fail_the_merge_by_both_names() -> None:
    """The program chose the names: nothing is overwritten, and both tasks are told."""
    _, result = ended(RANGE + "merge: {by: files}\n", lambda c: c.write(c.args[0].encode(), "same.txt"))
    assert (result["state"], result["failure"]["code"], result["result"]) == ("failed", "MERGE", None)
    assert "t-000000 and t-000001 both left" in result["failure"]["message"]


@pytest.mark.parametrize(
    ("by", "good", "bad"),
    [
        ("lines", b"one\n", b"one\ntwo\n"),
        ("csv", b"h\n1\n", b"h\n"),
        ("json", b"[1]", b"[1, 2]"),
    ],
)
def test_a_count_that_is_not_the_units_fails_by_name(by: str, good: bytes, bad: bytes) -> None:
    """recordsPerUnit: 1: a task with a record too many or too few is failed, and so is the job."""
    manifest = RANGE + f"merge: {{by: {by}}}\noutput: {{recordsPerUnit: 1}}\n"
    ground, result = ended(manifest, lambda c: c.write(bad if c.args[0] == "3" else good))
    assert (result["state"], result["units"]["merged"], failures(ground)) == (
        "failed",
        0,
        [("t-000003", "OUTPUT_COUNT")],
    )
    ground, result = ended(manifest, lambda c: c.write(good))
    assert (result["state"], result["result"]["records"]) == ("succeeded", 5)


@pytest.mark.parametrize("how", ["gone", "short", "doubled"])
def test_a_list_of_outputs_that_is_not_whole_is_not_merged(how: str) -> None:
    """Gone, short or with a line twice: the job fails MERGE, by name; what the tasks left is kept."""
    ground = Ground()
    ground.drop(RANGE)
    ground.run_tasks(number)
    broken: Any = Broken(ground, how)
    ground.world = replace(ground.world, ports=replace(ground.world.ports, control=broken))
    for _ in range(20):
        ground.round(number, step=timedelta(minutes=2))
    status = ground.status()
    assert (status["state"], status["failure"]["code"], status["units"]["merged"]) == ("failed", "MERGE", 0)
    expected = {"gone": "is gone", "short": "5 tasks ended well and 4 have outputs", "doubled": "it is there twice"}
    assert expected[how] in status["failure"]["message"]


class Broken:
    """A control account that has lost or doubled what was frozen."""

    def __init__(self, ground: Ground, how: str) -> None:
        self._inner, self._how = ground.world.control, how

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, container: str, name: str) -> Any:
        blob = self._inner.read(container, name)
        if blob is None or "/outputs-" not in name:
            return blob
        lines = blob.content.splitlines(keepends=True)
        kept = {"gone": None, "short": lines[:-1], "doubled": [*lines, lines[-1]]}[self._how]
        return None if kept is None else replace(blob, content=b"".join(kept))
