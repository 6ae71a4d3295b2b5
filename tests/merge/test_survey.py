"""What is merged is what counts: none missing, none twice, and a hash of it that anyone can make again."""

from __future__ import annotations

import hashlib

import pytest

from controller.merge.run import TaskOutput
from controller.merge.survey import Survey, parts_hash, survey
from shared.errors import Refused


def output(index: int, content: bytes = b"x", name: str = "out") -> TaskOutput:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return TaskOutput(index, name, len(content), "0x1", md5)


def test_outputs_are_added_up() -> None:
    """Tasks, outputs that are not empty, bytes, and the first whose MD5 is not known; an empty one needs none."""
    files = [output(0, b"abc"), TaskOutput(1, "out", 0, "0x1"), TaskOutput(4, "out", 2, "0x1"), output(5)]
    assert survey(files, one_each=True, tasks=4) == Survey(4, 3, 6, "t-000004")
    assert survey([], one_each=True, tasks=0) == Survey()


def test_an_output_that_is_there_twice_names_its_task() -> None:
    """Two of one task where one counts, or one further up the list: nothing is merged."""
    with pytest.raises(Refused, match="t-000001 cannot be merged: it is there twice") as caught:
        survey([output(0), output(1), output(1, name="other")], one_each=True, tasks=2)
    assert caught.value.code == "MERGE"
    with pytest.raises(Refused, match="t-000000 cannot be merged: it is there twice"):
        survey([output(0), output(1), output(0)], one_each=False, tasks=2)
    assert survey([output(1), output(1, name="other")], one_each=False, tasks=1).parts == 2


@pytest.mark.parametrize("tasks", [1, 3])
def test_a_list_that_is_not_whole_is_not_merged(tasks: int) -> None:
    """Fewer outputs than tasks that ended well, or more."""
    with pytest.raises(Refused, match=f"{tasks} tasks ended well and 2 have outputs"):
        survey([output(0), output(1)], one_each=True, tasks=tasks)


def test_the_hash_of_parts_is_that_of_their_lines() -> None:
    """`index length md5`, a line each, the MD5 of nothing for an empty one, `-` for one that is not kept."""
    files = [output(0, b"abc"), TaskOutput(7, "out", 0, "0x1"), TaskOutput(8, "out", 5, "0x1")]
    lines = b"0 3 900150983cd24fb0d6963f7d28e17f72\n7 0 d41d8cd98f00b204e9800998ecf8427e\n8 5 -\n"
    assert parts_hash(files) == hashlib.sha256(lines).hexdigest()
