"""What one task is given."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from controller.split import listfile
from controller.split.inputs import TaskInput, task_input
from controller.split.rows import Row, SourceBlob
from shared.errors import Defect, Refused
from shared.manifest.models import Input, Range, Split
from shared.names import KEEP, input_container
from shared.specs import ResourceFile, Source
from tests.builders import a_manifest
from tests.split.ground import JOB, blobs_manifest, lines_manifest

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


def own(blob: str, path: str) -> ResourceFile:
    return ResourceFile(Source(input_container(JOB), blob, job_container=True), path)


def source(blob: str, path: str) -> ResourceFile:
    return ResourceFile(Source("data", blob, job_container=False, until=UNTIL), path)


def blob(name: str) -> SourceBlob:
    return SourceBlob(name, "0x1", 1)


def paths(name: str) -> dict[str, str]:
    return {"INPUT_PATH": f"/batchdrop/input/{name}", "INPUT_DIR": "/batchdrop/input"}


def test_a_cut_blob_keeps_its_extension() -> None:
    """A part of data/in.txt is read as input.txt."""
    row = Row(12, 100, 10, 80, data=True)
    expected = TaskInput((own("t-000012/input.txt", "input/input.txt"),), paths("input.txt"))
    assert task_input(lines_manifest(), row, JOB, UNTIL) == expected


def test_one_blob_a_task_is_read_where_it_is_under_its_own_name() -> None:
    """No copy is made; the address is signed until the job is over."""
    row = Row(0, 0, 1, blobs=(blob("in/a.mp4"),))
    expected = TaskInput((source("in/a.mp4", "input/a.mp4"),), paths("a.mp4"))
    assert task_input(blobs_manifest(), row, JOB, UNTIL) == expected


def test_several_blobs_come_with_a_list_file() -> None:
    """Equal names lie in folders of their own, and the folders of outputs exist before the program starts."""
    manifest = blobs_manifest("data/in/**", "{path}.out", per_task=2)
    row = Row(3, 6, 2, 99, blobs=(blob("in/x/a"), blob("in/y/a")), data=True)
    assert task_input(manifest, row, JOB, UNTIL) == TaskInput(
        (
            own("t-000003/input.jsonl", "input/input.jsonl"),
            source("in/x/a", "input/0/a"),
            source("in/y/a", "input/1/a"),
            own(KEEP, f"output/x/{KEEP}"),
            own(KEEP, f"output/y/{KEEP}"),
        ),
        paths("input.jsonl"),
    )
    assert [json.loads(line) for line in listfile.lines(manifest, row)] == [
        {"unit": 0, "path": "/batchdrop/input/0/a", "blob": "data/in/x/a", "output": "/batchdrop/output/x/a.out"},
        {"unit": 1, "path": "/batchdrop/input/1/a", "blob": "data/in/y/a", "output": "/batchdrop/output/y/a.out"},
    ]


def test_an_output_that_would_also_be_a_folder_is_refused() -> None:
    """`a` and `a/b` cannot both be files of one task."""
    row = Row(0, 0, 2, blobs=(blob("a"), blob("a/b")), data=True)
    with pytest.raises(Refused, match="output a of blob a would also be a folder"):
        list(listfile.lines(blobs_manifest("data/**", "{path}", per_task=2), row))


def test_a_folder_in_the_output_name_exists_for_a_single_blob_too() -> None:
    """`{path}` of a deep blob makes its folder."""
    found = task_input(blobs_manifest("data/**", "{path}"), Row(0, 0, 1, blobs=(blob("x/y/a"),)), JOB, UNTIL)
    assert found.files[1:] == (own(KEEP, f"output/x/y/{KEEP}"),)


@pytest.mark.parametrize("name", ["in/..", "in/.", "in/" + "x" * 256])
def test_a_blob_that_no_file_can_be_named_after_is_refused(name: str) -> None:
    """A blob called `..` must not become a path on a node."""
    with pytest.raises(Refused, match="cannot be a file's name"):
        task_input(blobs_manifest(), Row(0, 0, 1, blobs=(blob(name),)), JOB, UNTIL)


def test_units_in_the_environment_bring_no_file_and_no_path() -> None:
    """A variable without a value is unset: no INPUT_PATH, no INPUT_DIR."""
    items = a_manifest(input=Input(kind="items", items=("a", "b"), deliver="environment"))
    assert task_input(items, Row(1, 1, 1), JOB) == TaskInput((), {"BATCHDROP_UNIT": '"b"'})


def test_items_and_combinations_as_file_are_json_lines() -> None:
    """Delivered as a file, a unit is in no variable."""
    for given in (Input(kind="items", items=("a",)), Input(kind="sweep", sweep={"a": (1,)})):
        found = task_input(a_manifest(input=given), Row(0, 0, 1, 4, data=True), JOB)
        assert found == TaskInput((own("t-000000/input.jsonl", "input/input.jsonl"),), paths("input.jsonl"))


def test_a_range_says_its_interval_with_or_without_a_file() -> None:
    """START, STOP and STEP are set for every range; a file of numbers is input.txt."""
    interval = {"BATCHDROP_UNIT_START": "4", "BATCHDROP_UNIT_STOP": "8", "BATCHDROP_UNIT_STEP": "2"}
    fields = {"range": Range(stop=9, step=2)}
    split = Split(units_per_task=2)
    bare = a_manifest(input=Input(kind="range", deliver="environment", **fields), split=split)
    assert task_input(bare, Row(1, 2, 2), JOB) == TaskInput((), interval)
    filed = a_manifest(input=Input(kind="range", deliver="file", **fields), split=split)
    found = task_input(filed, Row(1, 2, 2, 4, data=True), JOB)
    assert found == TaskInput((own("t-000001/input.txt", "input/input.txt"),), paths("input.txt") | interval)


def test_a_row_without_its_blobs_is_a_defect() -> None:
    """A caller that reads the ledger alone is told what it left out."""
    with pytest.raises(Defect, match="with_blobs"):
        task_input(blobs_manifest(), Row(0, 0, 1), JOB)
