"""The name of an output, and two outputs of one name."""

from __future__ import annotations

import pytest

from controller.split import collisions
from controller.split.collisions import Digests, digest_of, first_collision
from controller.split.output_names import blob_output, is_told_apart, output_name
from controller.split.rows import Row, SourceBlob
from shared.errors import Refused
from shared.manifest.models import Input, Merge, Output
from tests.builders import a_manifest
from tests.split.ground import blobs_manifest


def blob(name: str) -> SourceBlob:
    return SourceBlob(name, "0x1", 1)


@pytest.mark.parametrize(
    ("template", "pattern", "name", "expected"),
    [
        ("{stem}.out", "data/**", "a/b.tar.gz", "b.tar.out"),
        ("{stem}{ext}", "data/**", "a/b.tar.gz", "b.tar.gz"),
        ("{stem}{ext}", "data/**", "a/.hidden", ".hidden"),
        ("{path}.webp", "data/photos/**", "photos/2026/x.jpg", "2026/x.jpg.webp"),
        ("{path}", "data/photos/2026-*/x*", "photos/2026-11/x1", "2026-11/x1"),
        ("{path}", "data/*.mp4", "a.mp4", "a.mp4"),
        ("{index}-{stem}", "data/**", "a{ext}.b", "7-a{ext}"),
    ],
)
def test_output_name_of_a_blob(template: str, pattern: str, name: str, expected: str) -> None:
    """{stem} and {ext} split at the last dot, {path} is what lies below the glob's fixed folder, and no value is read
    as a template again."""
    assert blob_output(blobs_manifest(pattern, template), blob(name), 7) == expected


@pytest.mark.parametrize("name", ["../x", "a/..", "a//b", "/a", "x" * 256, "a/.batchdrop"])
def test_a_name_that_is_no_file_below_the_output_folder_is_refused(name: str) -> None:
    """A blob cannot lead its task's output out of the output folder, nor to a name that no file can have."""
    with pytest.raises(Refused, match="no file name"):
        blob_output(blobs_manifest("data/**", "{path}"), blob(name), 0)


def test_output_name_of_other_inputs_knows_the_task_and_the_extension() -> None:
    """{index} is the task's, {ext} that of the one blob."""
    manifest = a_manifest(input=Input(kind="blob", blob="data/a/in.csv"), output=Output(name="part-{index}{ext}"))
    assert output_name(manifest, Row(3, 30, 10)) == "part-3.csv"
    assert output_name(a_manifest(output=Output(name="out{ext}")), Row(0, 0, 1)) == "out"


def test_output_path_of_a_task_with_a_list_file() -> None:
    """A template that speaks of one blob says nothing for many: then it is `output` with the merge's extension."""
    row = Row(4, 8, 2, blobs=(blob("a"), blob("b")), data=True)
    manifest = blobs_manifest("data/**", "{stem}.txt", per_task=2)
    joined = manifest.model_copy(update={"merge": Merge(by="lines")})
    assert output_name(joined, row) == "output.txt"
    assert output_name(manifest, row) == "output"
    assert output_name(blobs_manifest("data/**", "all-{index}.txt", per_task=2), row) == "all-4.txt"


def test_equal_names_are_found_with_their_owners() -> None:
    """The first name that two blobs share is reported with both."""
    named = [("a", "x/a"), ("b", "x/b"), ("c", "x/c"), ("b", "y/b"), ("a", "z/a")]
    digests = Digests()
    for name, _ in named:
        digests.add(name)
    assert digests.doubled() == {digest_of("a"), digest_of("b")}
    assert first_collision(named, digests.doubled()) == ("b", "x/b", "y/b")


def test_equal_digests_of_different_names_are_no_collision() -> None:
    """Two names whose digests happen to be equal are both kept: names are compared before anything is refused."""
    assert first_collision([("a", "x/a"), ("b", "x/b")], frozenset({digest_of("a"), digest_of("b")})) is None
    assert collisions.Digests().doubled() == frozenset()


@pytest.mark.parametrize(
    ("template", "apart"),
    [("{path}.webp", True), ("{index}", True), ("{stem}", False), ("x", False), ("{index}{path}", False)],
)
def test_which_templates_keep_names_apart_by_themselves(template: str, apart: bool) -> None:
    """`{index}{path}` does not: 1 + `1a` and 11 + `a` are equal."""
    assert is_told_apart(template) is apart
